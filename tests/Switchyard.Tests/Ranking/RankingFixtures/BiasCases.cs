using System.Text.Json;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Simulation;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.RankingFixtures;

/// <summary>What explains the page away, what a log of one policy says of another, and the worlds that logs come from.</summary>
internal static class BiasCases
{
    public static readonly Dictionary<string, Action<RankingCase>> Table = new()
    {
        ["shallow_tower"] = Tower,
        ["pal"] = Pal,
        ["off_policy"] = Policies,
        ["ipw"] = Ipw,
        ["pbm_em"] = ClickModel,
        ["synthetic_pair"] = Pair,
        ["simulator_world"] = World,
        ["bias_recovery"] = Recovery,
    };

    private static void Tower(RankingCase c)
    {
        int positions = c.Parameters.GetProperty("positions").GetInt32(), devices = c.Parameters.GetProperty("devices").GetInt32();
        Tensor table = c.Read("weights.table"), main = c.Read("weights.main");
        main.RequiresGradient = true;
        using PositionTower tower = new(positions, devices, table.Shape[1], c.Name.EndsWith("missing_row", StringComparison.Ordinal), new Philox(0));
        tower.To(c.Type);
        tower.Load(name => name switch
        {
            "table.weight" => table,
            "out.weight" => c.Read("weights.out").Reshape([1, table.Shape[1]]),
            _ => c.Read("weights.out_bias"),
        });
        int[] position = c.Integers("input.position"), device = c.Integers("input.device");
        bool[] keep = Array.ConvertAll(c.Integers("input.keep"), static flag => flag != 0);
        Tensor own = Tensor.Linear(c.Read("input.x"), main.Reshape([1, main.Shape[0]])).Reshape([position.Length]);
        Tensor train = own + tower.Forward(position, device, keep);
        c.Check("output.train_logit", train);
        c.Check("output.serve_logit", own + tower.Forward(position, device, new bool[keep.Length]));
        Tensor loss = Tensor.BinaryCrossEntropy(train, c.Read("input.click"));
        c.CheckValue("loss", loss.ToDouble());
        loss.Backward();
        Dictionary<string, Tensor> parameters = tower.Parameters().ToDictionary(static one => one.Name, static one => one.Tensor.Gradient!);
        c.Check("grad.table", parameters["table.weight"]);
        c.Check("grad.out", parameters["out.weight"]);
        c.Check("grad.out_bias", parameters["out.bias"]);
        c.Check("grad.main", main.Gradient!);
    }

    private static void Pal(RankingCase c)
    {
        Tensor examination = c.Read("weights.examination_logit"), relevance = c.Read("input.relevance_logit");
        relevance.RequiresGradient = true;
        using ExaminationHead head = new(examination.Shape[0], examination.Shape[1]);
        head.To(c.Type);
        head.Load(_ => examination);
        Tensor log = head.LogProbability(c.Integers("input.position"), c.Integers("input.device"));
        c.Check("output.probability", (log + relevance.LogSigmoid()).Exp());
        Tensor loss = ExaminationHead.Loss(relevance, log, c.Read("input.click")).Mean();
        c.CheckValue("loss", loss.ToDouble());
        loss.Backward();
        c.Check("grad.relevance_logit", relevance.Gradient!);
        c.Check("grad.examination_logit", head.Weight.Gradient!);
    }

    private static void Policies(RankingCase c)
    {
        OffPolicy policy = new(c.Integers("input.context"), c.Integers("input.action"), c.Doubles("input.reward"), Matrix("input.logging_policy"), Matrix("input.target_policy"), Matrix("input.estimated_reward"));
        c.Check("output.importance_weight", policy.Weights);
        c.CheckValue("direct_method", policy.DirectMethod);
        c.CheckValue("ips", policy.Ips);
        c.CheckValue("clipped_ips", policy.ClippedIps(1.5));
        c.CheckValue("snips", policy.Snips);
        c.CheckValue("doubly_robust", policy.DoublyRobust);
        c.CheckValue("self_normalised_doubly_robust", policy.SelfNormalisedDoublyRobust);
        c.CheckValue("switch_doubly_robust_2", policy.SwitchDoublyRobust(2));
        c.CheckValue("effective_sample_size", policy.EffectiveSampleSize);
        double[,] target = Matrix("input.target_policy"), reward = Matrix("true.reward");
        c.CheckValue("true_value", c.Doubles("true.context_share").Select((share, context) => share * Enumerable.Range(0, target.GetLength(1)).Sum(action => target[context, action] * reward[context, action])).Sum());

        double[,] Matrix(string name)
        {
            Tensor tensor = c.Read(name);
            double[,] matrix = new double[tensor.Shape[0], tensor.Shape[1]];
            Buffer.BlockCopy(RankingCase.Doubles(tensor), 0, matrix, 0, sizeof(double) * matrix.Length);
            return matrix;
        }
    }

    private static void Ipw(RankingCase c)
    {
        double[] theta = c.Doubles("input.theta");
        Tensor at = Tensor.From(Array.ConvertAll(c.Integers("input.position"), position => theta[position]), [(int)c.Read("input.position").Elements]).To(c.Type);
        double clip = c.Parameters.GetProperty("clip").GetDouble();
        foreach ((string name, Func<Tensor, Tensor> loss) in (ReadOnlySpan<(string, Func<Tensor, Tensor>)>)[
            ("unbiased", z => InversePropensity.Loss(z, c.Read("input.click"), at, clip)),
            ("weighted_all", z => InversePropensity.WeightedAll(z, c.Read("input.click"), at, clip))])
        {
            Tensor logits = c.Read("input.logit");
            logits.RequiresGradient = true;
            Tensor mean = loss(logits).Mean();
            c.CheckValue(name, mean.ToDouble());
            c.Check($"grad.{name}", Gradients.Of(mean, [logits])[0]);
        }
    }

    private static void ClickModel(RankingCase c)
    {
        Impression[] log = [.. c.Integers("input.log").Chunk(4).Select(static row => new Impression(row[0], row[1], row[2], row[3] != 0))];
        Tensor truth = c.Read("true.relevance");
        foreach ((string kind, bool isSmoothed, string likelihoods) in (ReadOnlySpan<(string, bool, string)>)[("plain", false, "log_likelihood"), ("smoothed", true, "smoothed_log_likelihood")])
        {
            int[] rounds = [.. c.Names.Where(name => name.StartsWith($"{kind}.theta.", StringComparison.Ordinal)).Select(name => int.Parse(name.AsSpan($"{kind}.theta.".Length))).Order()];
            PositionBasedModel model = new((int)c.Read("true.theta").Elements, truth.Shape[0], truth.Shape[1], c.Parameters.GetProperty("start").GetDouble(), isSmoothed);
            int done = 0;
            foreach (int round in rounds)
            {
                for (; done < round; done++) model.Step(log);
                c.Compare($"{kind}.theta.{round}", model.Examination, c.Doubles($"{kind}.theta.{round}"));
                c.Compare($"{kind}.relevance.{round}", [.. model.Relevance.Cast<double>()], c.Doubles($"{kind}.relevance.{round}"));
                if (c.Values.GetProperty(likelihoods).TryGetProperty($"{round}", out JsonElement want)) c.Compare($"{likelihoods}.{round}", [model.LogLikelihood(log)], [want.GetDouble()]);
            }
            if (isSmoothed) continue;
            double[] relative = Array.ConvertAll(model.Examination, theta => theta / model.Examination[0]);
            c.CheckValue("theta_over_first", relative);
            double[] known = c.Doubles("true.theta");
            c.CheckValue("correlation_log_theta", BiasRecovery.Of(Array.ConvertAll(known, Math.Log), Array.ConvertAll(relative, Math.Log)).Correlation);
        }
        c.PassOver(static name => name.EndsWith("log_likelihood", StringComparison.Ordinal));
    }

    private static void Pair(RankingCase c)
    {
        double[][] units = [.. c.Doubles("input.u").Chunk(c.Read("input.u").Shape[1])];
        SyntheticPair pair = new(units, c.Parameters.GetProperty("correlation").GetDouble(), c.Parameters.GetProperty("scale").GetDouble(), c.Parameters.GetProperty("terms").GetInt32());
        c.Check("output.w", [.. pair.Weights.SelectMany(static w => w)]);
        double deviation = c.Parameters.GetProperty("noise_sd").GetDouble();
        double[] noise = Array.ConvertAll(c.Doubles("input.noise"), drawn => deviation * drawn);
        c.Check("output.y", [.. c.Doubles("input.x").Chunk(units[0].Length).SelectMany((x, row) => new[] { pair.Label(0, x) + noise[2 * row], pair.Label(1, x) + noise[2 * row + 1] })]);
    }

    private static void World(RankingCase c)
    {
        int features = c.Parameters.GetProperty("features").GetInt32(), slots = c.Parameters.GetProperty("slots").GetInt32();
        double[] wrong = c.Doubles("weights.wrong");
        RankingWorld world = new([.. c.Doubles("weights.a").Chunk(features)], wrong);
        double[][] x = [.. c.Doubles("input.x").Chunk(features)];
        int[] device = c.Integers("input.device"), random = c.Integers("input.random_page");
        double[] noise = c.Doubles("input.order_noise"), shuffle = c.Doubles("input.shuffle"), examined = c.Doubles("input.uniform_examined"), relevant = c.Doubles("input.uniform_relevant");
        double[] logits = Array.ConvertAll(x, row => world.Relevance(row));
        c.Check("output.relevance_logit", logits);
        double[] positions = new double[x.Length], theta = new double[x.Length], clicks = new double[x.Length];
        double[] clickRate = new double[slots], relevance = new double[slots];
        for (int page = 0; page < device.Length; page++)
        {
            double[] scores = [.. Enumerable.Range(page * slots, slots).Select(row => random[page] != 0 ? shuffle[row] : System.Numerics.Tensors.TensorPrimitives.Dot<double>(x[row], wrong) + 0.5 * logits[row] + 0.1 * noise[row])];
            int[] places = RankingWorld.Positions(scores);
            for (int slot = 0; slot < slots; slot++)
            {
                int row = page * slots + slot, place = places[slot];
                (positions[row], theta[row]) = (place, RankingWorld.Examination(place, device[page]));
                clicks[row] = examined[row] < theta[row] && relevant[row] < RankingWorld.Probability(logits[row]) ? 1 : 0;
                clickRate[place] += clicks[row] / device.Length;
                relevance[place] += RankingWorld.Probability(logits[row]) / device.Length;
            }
        }
        c.Check("output.position", positions);
        c.Check("output.theta", theta);
        c.Check("output.click", clicks);
        c.CheckValue("click_rate", clicks.Average());
        c.CheckValue("click_rate_by_position", clickRate);
        c.CheckValue("relevance_by_position", relevance);
        c.CheckValue("theta_desktop", [.. Enumerable.Range(0, slots).Select(static place => RankingWorld.Examination(place, 0))]);
        c.CheckValue("theta_mobile", [.. Enumerable.Range(0, slots).Select(static place => RankingWorld.Examination(place, 1))]);
    }

    private static void Recovery(RankingCase c)
    {
        BiasRecovery recovery = BiasRecovery.Of(c.Doubles("input.log_theta"), c.Doubles("input.learned"));
        c.CheckValue("slope", recovery.Slope);
        c.CheckValue("correlation", recovery.Correlation);
    }
}
