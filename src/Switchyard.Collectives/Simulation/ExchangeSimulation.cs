namespace Switchyard.Collectives.Simulation;

/// <summary>What an exchange took.</summary>
/// <param name="Seconds">Until the last rank has all its data.</param>
/// <param name="MessagesBetweenNodes">Messages that left through the interface of the busiest node.</param>
/// <param name="BytesBetweenNodes">Bytes that left through the interface of the busiest node.</param>
/// <param name="BytesSent">Bytes that left any rank, over whatever link, in the nodes that were simulated.</param>
/// <param name="BytesReceived">Bytes that came to them.</param>
public readonly record struct SimulatedExchange(double Seconds, long MessagesBetweenNodes, double BytesBetweenNodes, double BytesSent, double BytesReceived);

/// <summary>
/// A discrete-event simulation of an exchange. A node's interface serves one message at a time in each direction, for
/// its fixed cost and its bytes; so do the links of a rank inside its node. A message takes the sender's and the
/// receiver's server for equally long, and waits at either while others are before it: that is where congestion comes
/// from. Messages of one rank leave in order; those of several ranks of a node take turns.
/// </summary>
public sealed class ExchangeSimulation
{
    private readonly ClusterModel _cluster;
    private readonly IReadOnlyList<ExchangePhase> _phases;
    private readonly bool _isFolded;
    private readonly PriorityQueue<Event, (double Time, long Number)> _events = new();
    private readonly RankState[] _ranks;
    private readonly Server[] _nicOut, _nicIn, _linkOut, _linkIn;
    private long _eventNumber;

    private ExchangeSimulation(ClusterModel cluster, IReadOnlyList<ExchangePhase> phases, bool isFolded)
    {
        (_cluster, _phases, _isFolded) = (cluster, phases, isFolded);
        int nodes = isFolded ? 1 : cluster.Nodes, ranks = nodes * cluster.PerNode;
        (_nicOut, _nicIn, _linkOut, _linkIn) = (new Server[nodes], new Server[nodes], new Server[ranks], new Server[ranks]);
        _ranks = new RankState[ranks];
        for (int rank = 0; rank < ranks; rank++) _ranks[rank] = new RankState(phases.Count);
        for (int phase = 0; phase < phases.Count; phase++)
            for (int rank = 0; rank < ranks; rank++)
                foreach (Message message in phases[phase].Messages(rank)) _ranks[Simulated(message.Destination)].Missing[phase]++;
    }

    private enum Kind
    {
        Begin,
        Send,
        Arrive,
        Received,
    }

    private enum Way
    {
        InsideNode,
        BetweenNodes,
    }

    /// <summary>Simulates an exchange of any bytes, rank by rank.</summary>
    /// <param name="cluster">Its speeds.</param>
    /// <param name="phases">Its steps; see <see cref="ExchangePlan"/>.</param>
    public static SimulatedExchange Run(ClusterModel cluster, IReadOnlyList<ExchangePhase> phases) => Run(cluster, phases, isFolded: false);

    /// <summary>
    /// Simulates an exchange that looks the same from every node, such as one of equal parts: what leaves a node for the
    /// one n places on is then what comes to it from the one n places before, at the same moment, so that one node stands
    /// for all. Thousands of nodes take no longer than their messages of one.
    /// </summary>
    /// <inheritdoc cref="Run(ClusterModel, IReadOnlyList{ExchangePhase})"/>
    public static SimulatedExchange RunSymmetric(ClusterModel cluster, IReadOnlyList<ExchangePhase> phases) => Run(cluster, phases, isFolded: true);

    private static SimulatedExchange Run(ClusterModel cluster, IReadOnlyList<ExchangePhase> phases, bool isFolded)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(phases);
        cluster.Check();
        return new ExchangeSimulation(cluster, phases, isFolded).Run();
    }

    private SimulatedExchange Run()
    {
        double end = 0;
        for (int rank = 0; rank < _ranks.Length; rank++) Enter(rank, 0, 0);
        while (_events.TryDequeue(out Event next, out (double Time, long Number) at))
        {
            end = Math.Max(end, at.Time);
            switch (next.Kind)
            {
                case Kind.Begin:
                    Send(next.Rank, Way.InsideNode, at.Time);
                    Send(next.Rank, Way.BetweenNodes, at.Time);
                    break;
                case Kind.Send:
                    Send(next.Rank, next.Way, at.Time);
                    break;
                case Kind.Arrive:
                    Server[] into = next.Way == Way.BetweenNodes ? _nicIn : _linkIn;
                    double done = into[Place(next.Rank, next.Way)].Serve(at.Time, Cost(next.Way, next.Bytes), next.Bytes);
                    Schedule(done, next with { Kind = Kind.Received });
                    break;
                case Kind.Received:
                    _ranks[next.Rank].Missing[next.Phase]--;
                    GoOn(next.Rank, at.Time);
                    break;
            }
        }
        Server busiest = _nicOut.MaxBy(static server => server.Bytes);
        return new SimulatedExchange(end, busiest.Messages, busiest.Bytes, Sum(_nicOut, _linkOut), Sum(_nicIn, _linkIn));
    }

    private void Enter(int rank, int phase, double time)
    {
        RankState state = _ranks[rank];
        state.Phase = phase;
        if (phase == _phases.Count) return;
        List<Message> inside = [], between = [];
        foreach (Message message in _phases[phase].Messages(rank)) (message.Destination / _cluster.PerNode == rank / _cluster.PerNode ? inside : between).Add(message);
        (state.Inside, state.Between, state.LanesOpen) = (inside.GetEnumerator(), between.GetEnumerator(), 2);
        Schedule(time + _phases[phase].CopiedBytes(rank) / _cluster.CopyBytesPerSecond, new Event(Kind.Begin, rank));
    }

    /// <summary>Lets the next message of a rank leave; its next one asks when this one is out.</summary>
    private void Send(int rank, Way way, double time)
    {
        RankState state = _ranks[rank];
        ref List<Message>.Enumerator lane = ref way == Way.BetweenNodes ? ref state.Between : ref state.Inside;
        if (!lane.MoveNext())
        {
            state.LanesOpen--;
            GoOn(rank, time);
            return;
        }
        Message message = lane.Current;
        Server[] outOf = way == Way.BetweenNodes ? _nicOut : _linkOut;
        double cost = Cost(way, message.Bytes), left = outOf[Place(rank, way)].Serve(time, cost, message.Bytes);
        Schedule(left, new Event(Kind.Send, rank, way));
        Schedule(left - cost, new Event(Kind.Arrive, Simulated(message.Destination), way, state.Phase, message.Bytes));
    }

    private void GoOn(int rank, double time)
    {
        RankState state = _ranks[rank];
        if (state.Phase < _phases.Count && state.LanesOpen == 0 && state.Missing[state.Phase] == 0) Enter(rank, state.Phase + 1, time);
    }

    private int Simulated(int rank) => _isFolded ? rank % _cluster.PerNode : rank;

    private int Place(int rank, Way way) => way == Way.BetweenNodes ? rank / _cluster.PerNode : rank;

    private double Cost(Way way, double bytes) => way == Way.BetweenNodes
        ? _cluster.NicSecondsPerMessage + bytes / _cluster.NicBytesPerSecond
        : _cluster.IntraSecondsPerMessage + bytes / _cluster.IntraBytesPerSecond;

    private void Schedule(double time, Event next) => _events.Enqueue(next, (time, _eventNumber++));

    private static double Sum(params ReadOnlySpan<Server[]> groups)
    {
        double sum = 0;
        foreach (Server[] servers in groups)
            foreach (Server server in servers) sum += server.Bytes;
        return sum;
    }

    private readonly record struct Event(Kind Kind, int Rank, Way Way = Way.InsideNode, int Phase = 0, double Bytes = 0);

    private struct Server
    {
        private double _freeAt;

        public long Messages { get; private set; }

        public double Bytes { get; private set; }

        /// <summary>Takes a message after those before it, and says when it is through.</summary>
        public double Serve(double time, double cost, double bytes)
        {
            Messages++;
            Bytes += bytes;
            return _freeAt = Math.Max(time, _freeAt) + cost;
        }
    }

    private sealed class RankState(int phases)
    {
        public List<Message>.Enumerator Inside;
        public List<Message>.Enumerator Between;

        public int Phase { get; set; }

        /// <summary>Of the two kinds of links, those over which something is still to leave.</summary>
        public int LanesOpen { get; set; }

        /// <summary>Messages still to come, by phase: those of fast ranks may come early.</summary>
        public int[] Missing { get; } = new int[phases];
    }
}
