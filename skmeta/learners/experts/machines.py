"""Eight kernel machines with settings chosen once for all tables; the network reads the scores of the first six.

None is trained; all work for any number of classes and of targets, and for many tasks at once.

The ``recursive`` experts learn which directions of the columns matter: after a first solution, the average
gradient outer product of the fitted function becomes the metric of a second one.

References
----------
Radhakrishnan, Beaglehole, Pandit, Belkin (2024). Mechanism for feature learning in neural networks and
backpropagation-free machine learning models. Science 383.
"""

import torch

from skmeta.learners.experts.kernel_ridge import bordered, leave_one_out, leave_one_out_of_plane, solve
from skmeta.learners.in_context.table_views import RANK_SCALE, falling_order

MAX_FULL_METRIC = 256  # columns that a full metric covers
MANY_ROWS = 2  # for each column of a plane: then it is solved in these

#: The network reads the scores of the first :data:`N_READ`; stacking reads all. ``kernel_of`` names an expert with the
#: same kernel under another ridge.
EXPERTS = (
    {"kind": "linear", "view": "z", "ridge": 6.0},
    {"kind": "additive", "view": "u", "ridge": 2.0},
    {"kind": "local", "view": "u", "ridge": 0.8},
    {"kind": "recursive", "view": "z", "ridge": 0.5, "full": True, "rounds": 1, "bandwidth": 3.0},
    {"kind": "recursive", "view": "u", "ridge": 0.8, "full": True, "rounds": 1, "bandwidth": 1.0},
    {"kind": "recursive", "view": "u", "ridge": 1.0, "full": False, "rounds": 2, "bandwidth": 1.0},
    {"kind": "local", "view": "u", "ridge": 0.2, "kernel_of": 2},
    {"kind": "recursive", "view": "z", "ridge": 3.0, "full": True, "rounds": 2, "bandwidth": 1.0},
)
N_READ = 6


def hat_basis(u, k):
    """Piecewise linear bumps at k knots over the rank scale: (..., p) to (..., p, k)."""
    knots = torch.arange(k, dtype=u.dtype, device=u.device)
    position = (u / RANK_SCALE + 1) / 2 * (k - 1)
    return (1 - (position[..., None] - knots).abs()).clamp(min=0)


def column_relevance(u, Y, weight, varies, k=6):
    """How much of the targets each column explains alone, less what chance would: (T, p), mean 1 over the columns.

    Parameters
    ----------
    u : (T, n, p) ranks;  Y : (T, n, C) centred targets;  weight : (T, n);  varies : (T, p) float, 0 for padding
    """
    T, n, p = u.shape
    hats = hat_basis(u, k) * weight[..., None, None]
    sums = (hats.permute(0, 2, 3, 1).reshape(T, p * k, n) @ Y).view(T, p, k, -1)
    total = (Y.square() * weight[..., None]).sum((1, 2))[:, None] + 1e-6
    explained = (sums.square() / (hats.sum(1)[..., None] + 2.0)).sum((2, 3)) / total
    chance = 0.7 * (k - 1) / weight.sum(1)[:, None].clamp(min=1)
    return _mean_one((explained - chance).clamp(min=0.01), varies)


def _mean_one(relevance, varies):
    relevance = relevance * varies
    return relevance * varies.sum(1, keepdim=True) / relevance.sum(1, keepdim=True).clamp(min=1e-12)


def _euclidean(a, b):
    """Distances (T, m, n), never below a thousandth. Nothing here is differentiated, so one matrix is all it takes."""
    squared = torch.baddbmm(b.square().sum(-1)[:, None], a, b.transpose(1, 2), alpha=-2)
    return squared.add_(a.square().sum(-1)[..., None]).clamp_(min=1e-6).sqrt_()


def _laplace(D, width):
    return (D * (-1 / width)).exp_()


def _mean_pair(D, weight):
    share = weight / weight.sum(1, keepdim=True).clamp(min=1e-12)
    return ((D @ share[..., None])[..., 0] * share).sum(1)[:, None, None].clamp(min=1e-3)


def _features(spec, metric, z, u):
    """The rows an expert compares: scaled columns, their rotation by a full metric, or bumps."""
    rows = z if spec["view"] == "z" else u
    if spec["kind"] == "additive":
        return (hat_basis(rows, 4) * metric[:, None, :, None]).flatten(2)
    return rows @ metric if metric.ndim == 3 else rows * metric[:, None]


def _distance(kind, rows, support):
    if kind == "local":
        return torch.cdist(rows, support, p=1)
    return _euclidean(rows, support)


def _kernel(spec, fitted, rows):
    if spec["kind"] in ("linear", "additive"):
        return rows @ fitted["rows"].transpose(1, 2) / fitted["width"]
    return _laplace(_distance(spec["kind"], rows, fitted["rows"]), fitted["width"])


def _average_gradient(rows, K, D, width, dual, weight, metric):
    """The (T, p, p) average outer product of the gradients of a Laplace kernel machine in its own columns."""
    T, n, p = rows.shape
    slope = K / D / width
    slope.diagonal(dim1=1, dim2=2).zero_()
    C = dual.shape[2]
    pulls = (slope @ (dual[..., None] * rows[:, :, None]).flatten(2)).view(T, n, C, p)
    gradient = rows[:, :, None] * (slope @ dual)[..., None] - pulls
    gradient = gradient @ metric[:, None] * weight[:, :, None, None].sqrt()
    gradient = gradient.flatten(1, 2)
    return gradient.transpose(1, 2) @ gradient


def _fit_plane(spec, z, u, Y, weight, varies, relevance, columns):
    """A plane in the columns, or in bumps of them, weighed by their relevance."""
    metric = varies if spec["kind"] == "linear" else relevance.sqrt()
    rows, ridge = _features(spec, metric, z, u), spec["ridge"] / columns[:, :, 0].sqrt()
    if MANY_ROWS * rows.shape[2] <= rows.shape[1]:
        dual, left_out = leave_one_out_of_plane(rows / columns.sqrt(), Y, weight, ridge)
    else:
        dual, left_out = leave_one_out(rows @ rows.transpose(1, 2) / columns, Y, weight, ridge)
    return {"kept": None, "metric": metric, "rows": rows, "width": columns, "ridge": ridge, "dual": dual}, left_out


def _local_kernel(spec, z, u, weight, relevance):
    """A kernel of distances weighed by the columns' relevance: what queries need of it, and its (T, n, n) matrix."""
    rows = _features(spec, relevance, z, u)
    D = _distance("local", rows, rows)
    width = 0.2 * _mean_pair(D, weight)
    return {"kept": None, "metric": relevance, "rows": rows, "width": width}, _laplace(D, width)


def _fit_recursive(spec, z, u, Y, weight, relevance, columns):
    """Alternate between solving and learning the metric; a full metric covers the most relevant columns only."""
    kept = None
    if spec["full"] and z.shape[2] > MAX_FULL_METRIC:
        kept = falling_order(relevance)[:, :MAX_FULL_METRIC]
        z, u, relevance = _keep(kept, z), _keep(kept, u), relevance.gather(1, kept)
    rows = z if spec["view"] == "z" else u
    metric = torch.diag_embed(relevance)
    nothing = 1e-6 * torch.eye(rows.shape[2], dtype=rows.dtype, device=rows.device)
    for remaining in range(spec["rounds"], -1, -1):
        if spec["full"]:
            root = torch.linalg.cholesky(metric + nothing)
        else:
            root = (metric.diagonal(dim1=1, dim2=2) + 1e-6).sqrt()
        support = _features(spec, root, z, u)
        D = _euclidean(support, support)
        width = spec["bandwidth"] * _mean_pair(D, weight)
        K = _laplace(D, width)
        if remaining:
            dual, _ = solve(K, Y, weight, spec["ridge"])
            outer = _average_gradient(rows, K, D, width, dual, weight, metric)
            if not spec["full"]:
                outer = torch.diag_embed(outer.diagonal(dim1=1, dim2=2))
            trace = outer.diagonal(dim1=1, dim2=2).sum(-1)[:, None, None].clamp(min=1e-20)
            metric = 0.5 * metric + 0.5 * columns * outer / trace
    dual, left_out = leave_one_out(K, Y, weight, spec["ridge"])
    fitted = {"kept": kept, "metric": root, "rows": support, "width": width, "ridge": spec["ridge"], "dual": dual}
    return fitted, left_out


def _keep(kept, view):
    return view if kept is None else view.gather(2, kept[:, None].expand(-1, view.shape[1], -1))


def fit_experts(z, u, Y, weight, varies):
    """Solve all experts on the supports.

    Parameters
    ----------
    z, u : (T, n, p) tensors
        z-scores and ranks of the support's columns.
    Y : (T, n, C) tensor
        Targets: membership of each class, or standardised values.
    weight : (T, n) tensor
    varies : (T, p) float tensor
        1 for the columns that vary in the support, 0 for the others and for padding.

    Returns
    -------
    state : dict
        What :func:`score_queries` needs.
    left_out : (T, n, E, C) tensor
        Leave-one-out scores of the support rows.
    """
    z = z.clamp(-4, 4)
    share = (weight / weight.sum(1, keepdim=True).clamp(min=1e-12))[..., None]
    centre = (Y * share).sum(1, keepdim=True)
    centred = torch.where(weight[..., None] > 0, Y - centre, torch.zeros_like(Y))
    relevance = column_relevance(u, centred, weight, varies)
    columns = varies.sum(1)[:, None, None].clamp(min=1)
    fits, left_out, local = [], [], None
    for spec in EXPERTS:
        if spec["kind"] == "recursive":
            fitted, scores = _fit_recursive(spec, z, u, centred, weight, relevance, columns)
        elif spec["kind"] == "local":
            local = _local_kernel(spec, z, u, weight, relevance) if local is None else local
            dual, scores = leave_one_out(local[1], centred, weight, spec["ridge"])
            fitted = local[0] | {"dual": dual, "ridge": spec["ridge"]}
        else:
            fitted, scores = _fit_plane(spec, z, u, centred, weight, varies, relevance, columns)
        fits.append(fitted)
        left_out.append(scores)
    state = {"fits": fits, "centre": centre, "relevance": relevance, "targets": centred, "weight": weight}
    return state | {"folded": _fold(fits)}, torch.stack(left_out, 2) + centre[:, :, None]


def extend_experts(state, z, u, Y, weight):
    """The state with further rows z, u (T, k, p), Y (T, k, C): each system grows by k rows and columns, at the price of
    its square; metric, width and centre stay as they are."""
    z = z.clamp(-4, 4)
    new = torch.where(weight[..., None] > 0, Y - state["centre"], torch.zeros_like(Y))
    targets, all_weight = torch.cat([state["targets"], new], 1), torch.cat([state["weight"], weight], 1)
    root = all_weight.sqrt()
    fits = []
    for spec, fitted in zip(EXPERTS, state["fits"]):
        rows = _features(spec, fitted["metric"], _keep(fitted["kept"], z), _keep(fitted["kept"], u))
        factor = fitted.get("factor")
        if factor is None:
            K = _kernel(spec, fitted, fitted["rows"])
            _, factor = solve(K, state["targets"], state["weight"], fitted["ridge"])
        grown = fitted | {"rows": torch.cat([fitted["rows"], rows], 1)}
        border = _kernel(spec, grown, rows) * root[:, None] * weight.sqrt()[..., None]
        grown["factor"] = bordered(factor, border, fitted["ridge"])
        grown["dual"] = root[..., None] * torch.cholesky_solve(root[..., None] * targets, grown["factor"])
        fits.append(grown)
    return state | {"fits": fits, "targets": targets, "weight": all_weight, "folded": _fold(fits)}


def _fold(fits):
    """The fitted experts are laid out such that queries are answered in few products.

    Planes are multiplied out; duals of machines that share a kernel stand side by side; and the learned metrics,
    supports and duals of machines one behind the other, together as far as they see the same columns.
    """
    planes, local, learned = [], [], {}
    for e, (spec, fitted) in enumerate(zip(EXPERTS, fits)):
        if spec["kind"] == "recursive":
            learned.setdefault(fitted["kept"] is None, []).append(e)
        elif spec["kind"] == "local":
            local.append(e)
        else:
            planes.append(fitted["rows"].transpose(1, 2) @ fitted["dual"] / fitted["width"])
    folded = {"planes": planes, "local": torch.cat([fits[e]["dual"] for e in local], 2), "learned": []}
    for places in learned.values():
        some = [fits[e] for e in places]
        metrics = [f["metric"] if f["metric"].ndim == 3 else torch.diag_embed(f["metric"]) for f in some]
        rows = torch.stack([f["rows"] for f in some], 1)
        widths = torch.stack([-1 / f["width"] for f in some], 1).flatten(0, 1)
        duals = torch.stack([f["dual"] for f in some], 1).flatten(0, 1)
        squares = rows.square().sum(3).flatten(0, 1)[:, None]
        metrics, rows = torch.stack(metrics, 1).flatten(0, 1), rows.flatten(0, 1).transpose(1, 2)
        folded["learned"].append((places, some[0]["kept"], metrics, rows, squares, widths, duals))
    return folded


def score_queries(state, z, u):
    """The experts' scores of query rows, (T, m, E, C)."""
    folded, fits = state["folded"], state["fits"]
    z = z.clamp(-4, 4)
    scores = [None] * len(EXPERTS)
    planes, local = iter(folded["planes"]), None
    for e, (spec, fitted) in enumerate(zip(EXPERTS, fits)):
        if spec["kind"] in ("linear", "additive"):
            scores[e] = _features(spec, fitted["metric"], z, u) @ next(planes)
        elif spec["kind"] == "local" and local is None:
            K = _laplace(torch.cdist(u * fitted["metric"][:, None], fitted["rows"], p=1), fitted["width"])
            local = iter((K @ folded["local"]).split(fitted["dual"].shape[2], 2))
        if spec["kind"] == "local":
            scores[e] = next(local)
    for places, kept, metrics, support, squares, scale, duals in folded["learned"]:
        views = {"z": _keep(kept, z), "u": _keep(kept, u)}
        rows = torch.stack([views[EXPERTS[e]["view"]] for e in places], 1).flatten(0, 1) @ metrics
        D = torch.baddbmm(squares, rows, support, alpha=-2).add_(rows.square().sum(2, keepdim=True))
        K = D.clamp_(min=1e-6).sqrt_().mul_(scale).exp_()
        for e, score in zip(places, (K @ duals).unflatten(0, (len(z), -1)).unbind(1)):
            scores[e] = score
    return torch.stack(scores, 2) + state["centre"][:, :, None]


def _kernels(state, z, u):
    """Each expert's kernel between rows and the support, (T, m, n)."""
    z = z.clamp(-4, 4)
    kernels = []
    for spec, fitted in zip(EXPERTS, state["fits"]):
        if "kernel_of" in spec:
            kernels.append(kernels[spec["kernel_of"]])
            continue
        rows = _features(spec, fitted["metric"], _keep(fitted["kept"], z), _keep(fitted["kept"], u))
        kernels.append(_kernel(spec, fitted, rows))
    return kernels


def support_contributions(state, z, u, share):
    """What each support row adds to the experts' mean score, (T, m, n, C); ``share`` weighs the first experts.

    Scores are sums over support rows, so nothing is approximated: the contributions and the support's mean target
    add up to the score.
    """
    total = 0.0
    for e, K in zip(range(share.shape[2]), _kernels(state, z, u)):
        total = total + (share[..., e, None] * K)[..., None] * state["fits"][e]["dual"][:, None]
    return total
