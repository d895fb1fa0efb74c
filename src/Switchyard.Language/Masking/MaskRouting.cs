namespace Switchyard.Language.Masking;

/// <summary>
/// What gates that look at token ids see at a masked place. Most of those places hold the same mark: by its id they would
/// all go to one expert.
/// </summary>
public enum MaskRouting
{
    /// <summary>The nearest token before it that is no mask; the mask itself where there is none.</summary>
    PreviousToken,

    /// <summary>A number made of its place in the window.</summary>
    Position,

    /// <summary>The mask.</summary>
    Mask,
}
