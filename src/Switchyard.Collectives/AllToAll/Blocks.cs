using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.AllToAll;

/// <summary>What one rank gives and takes in an exchange of all with all.</summary>
/// <param name="Send">Its blocks, in the order of the ranks they go to.</param>
/// <param name="SendBytes">Their lengths [ranks].</param>
/// <param name="Receive">Where blocks come, in the order of the ranks they come from.</param>
/// <param name="ReceiveBytes">Their lengths [ranks].</param>
/// <param name="Equal">Whether all blocks of all ranks have the same length, so that nobody needs to tell.</param>
internal readonly record struct Blocks(Region Send, nint[] SendBytes, Region Receive, nint[] ReceiveBytes, bool Equal);
