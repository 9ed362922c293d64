"""Writes packages/metrics/test/golden.json: what reference implementations say of one small set of predictions.

Run, in an environment with requirements-metrics.txt:  python3 tooling/golden/make_metrics.py

Inputs are whole numbers over a power of two, exact in float32 and float64, so that both sides compute on the same values. References are
torchmetrics, torch-uncertainty, scikit-learn, scipy and uncertainty-calibration; where none of them has a measure, or only by random draws,
its formula is written out in numpy here. Everything runs in float64 unless a key ends in _float32 or _drawn.
"""

import itertools
import json
import warnings
from pathlib import Path

import calibration
import numpy as np
import torch
from scipy import optimize, special, stats
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    cohen_kappa_score,
    confusion_matrix,
    log_loss,
    roc_auc_score,
    roc_curve,
    top_k_accuracy_score,
)
from sklearn.neighbors import NearestNeighbors
from torch_uncertainty.metrics import classification as tu
from torch_uncertainty.post_processing import ConformalClsAPS, ConformalClsRAPS
from torchmetrics.functional.classification import multiclass_calibration_error

FILE = Path(__file__).resolve().parents[2] / "packages" / "metrics" / "test" / "golden.json"
SAMPLES, CLASSES, MEMBERS, BINS = 75, 5, 4, 15
PARTS = 1 << 16
torch.set_default_dtype(torch.float64)
generator = np.random.default_rng(20240711)


def draw_inputs():
    """Members share a part of their logits; a label follows them in three of four samples. Probabilities are counts out of 2^16."""
    common = generator.normal(0, 1.6, (SAMPLES, CLASSES))
    logits = np.round(64 * (common + generator.normal(0, 1.1, (MEMBERS, SAMPLES, CLASSES)))).astype(int)
    counts = np.floor(PARTS * special.softmax(logits / 64, axis=2)).astype(int)
    counts[..., 0] += PARTS - counts.sum(2)
    likely = np.array([generator.choice(CLASSES, p=special.softmax(1.2 * row)) for row in common])
    labels = np.where(generator.random(SAMPLES) < 0.75, likely, generator.integers(0, CLASSES, SAMPLES))
    return logits, counts, labels


LOGITS, COUNTS, LABELS = draw_inputs()
MEMBER = COUNTS / PARTS
PROBS = MEMBER.mean(0)
CONFIDENCE, TOP = PROBS.max(1), PROBS.argmax(1)
CORRECT = TOP == LABELS
assert len(np.unique(CONFIDENCE)) == SAMPLES and (np.sort(PROBS, 1)[:, -1] > np.sort(PROBS, 1)[:, -2]).all()
assert np.array_equal(PROBS.astype("f4").astype("f8"), PROBS) and (MEMBER > 1e-12).all()


def run(metric, *args):
    """A torch metric in float64 on numpy arrays."""
    metric.set_dtype(torch.float64)
    metric.update(*(torch.as_tensor(a) for a in args))
    return metric.compute().numpy().tolist()


def plain():
    errors = ((PROBS - np.eye(CLASSES)[LABELS]) ** 2).sum(1).mean()
    nll = log_loss(LABELS, PROBS, labels=range(CLASSES))
    assert np.isclose(run(tu.CategoricalNLL(), PROBS, LABELS), nll, atol=1e-12)
    assert np.isclose(run(tu.BrierScore(num_classes=CLASSES), PROBS, LABELS), errors, atol=1e-12)
    return {
        "accuracy": accuracy_score(LABELS, TOP),
        "top2": top_k_accuracy_score(LABELS, PROBS, k=2, labels=range(CLASSES)),
        "top3": top_k_accuracy_score(LABELS, PROBS, k=3, labels=range(CLASSES)),
        "nll": nll,
        "brier": errors,
    }


def debiased_mean_gap(bins):
    """Kumar et al., l1, its normal resamples replaced by their expectation."""
    split = np.array_split(np.argsort(CONFIDENCE, kind="stable"), bins)
    total = 0.0
    for rows in split:
        accuracy, confidence = CORRECT[rows].mean(), CONFIDENCE[rows].mean()
        sigma = np.sqrt(accuracy * (1 - accuracy) / len(rows))
        gap = abs(accuracy - confidence)
        folded = stats.foldnorm.mean(gap / sigma, scale=sigma) if sigma else gap
        total += len(rows) / SAMPLES * (2 * gap - folded)
    return total


def equal_width(norm, bins):
    """In float64; torchmetrics computes the same in float32."""
    edges = np.arange(bins + 1) / bins
    rows = [(CONFIDENCE > low) & (CONFIDENCE <= high) for low, high in zip(edges, edges[1:])]
    gaps = np.array([abs((CORRECT - CONFIDENCE)[own].mean()) for own in rows if own.any()])
    share = np.array([own.mean() for own in rows if own.any()])
    value = {"l1": share @ gaps, "l2": np.sqrt(share @ gaps**2), "max": gaps.max()}[norm]
    single = multiclass_calibration_error(torch.as_tensor(PROBS), torch.as_tensor(LABELS), CLASSES, bins, norm).item()
    assert abs(value - single) < 1e-6
    return {f"{norm}_{bins}": value, f"{norm}_{bins}_float32": single}


def equal_mass(bins):
    """In float64; torch-uncertainty computes the same with float32 sums."""
    split = np.array_split(np.argsort(CONFIDENCE, kind="stable"), bins)
    value = sum(abs((CORRECT - CONFIDENCE)[rows].sum()) for rows in split) / SAMPLES
    single = run(tu.AdaptiveCalibrationError("multiclass", num_classes=CLASSES, num_bins=bins), PROBS, LABELS)
    assert abs(value - single) < 1e-6
    return {f"quantile_{bins}": value, f"quantile_{bins}_float32": single}


def calibration_errors():
    widths = [equal_width(norm, bins) for norm in ("l1", "l2", "max") for bins in (10, 15)]
    norms = {key: value for one in widths for key, value in one.items()}
    published = np.digitize(CONFIDENCE, np.linspace(0, 1, 15), right=True)
    np.random.seed(0)
    return {
        **norms,
        "freetickets": sum(abs((CORRECT - CONFIDENCE)[published == b].sum()) for b in range(15)) / SAMPLES,
        **equal_mass(10),
        **equal_mass(BINS),
        "classwise": run(tu.ClasswiseCalibrationError(num_classes=CLASSES, num_bins=BINS), PROBS, LABELS),
        "debiased_l2": float(calibration.get_calibration_error(PROBS, LABELS, p=2, debias=True, mode="top-label")),
        "debiased_l2_member0": float(calibration.get_calibration_error(MEMBER[0], LABELS, p=2, debias=True, mode="top-label")),
        "debiased_l1": debiased_mean_gap(BINS),
        "debiased_l1_drawn": float(calibration.get_calibration_error(PROBS, LABELS, p=1, debias=True, mode="top-label")),
    }


def selective():
    wrong = ~CORRECT[np.argsort(-CONFIDENCE)]
    risk = wrong.cumsum() / np.arange(1, SAMPLES + 1)
    best = np.sort(wrong).cumsum() / np.arange(1, SAMPLES + 1)
    rate = wrong.mean()
    return {
        "trapezoid": run(tu.AURC(), PROBS, LABELS),
        "aurc": risk.mean(),
        "e_aurc": risk.mean() - (rate + (1 - rate) * np.log(1 - rate)),
        "e_aurc_exact": risk.mean() - best.mean(),
        "risk": risk,
    }


def best_temperature(logits):
    """The root of the derivative of the loss in 1 / T, by Brent's method."""

    def slope(inverse):
        p = special.softmax(logits * inverse, 1)
        return ((p * logits).sum(1) - logits[np.arange(SAMPLES), LABELS]).mean()

    return 1 / optimize.brentq(slope, 1e-3, 1e3, xtol=1e-15, rtol=1e-15)


def temperature():
    logits = LOGITS / 64
    each = [best_temperature(member) for member in logits]
    pooled = np.log(special.softmax(logits, 2).mean(0))
    after = best_temperature(pooled)
    return {
        "members": each,
        "pool": after,
        "members_first_probs": np.mean([special.softmax(z / t, 1) for z, t in zip(logits, each)], 0)[:4],
        "pool_first_probs": special.softmax(pooled / after, 1)[:4],
    }


def conformal():
    probs = torch.as_tensor(PROBS)
    aps = ConformalClsAPS(alpha=0.1, model=None, randomized=False)._calculate_all_labels(probs).numpy()
    raps = ConformalClsRAPS(alpha=0.1, model=None, randomized=False, penalty=0.07, regularization_rank=2)._calculate_all_labels(probs).numpy()
    rank = int(np.ceil((SAMPLES + 1) * 0.8))
    threshold = lambda scores: np.sort(scores[np.arange(SAMPLES), LABELS])[rank - 1]
    result = {}
    for name, scores in {"thr": 1 - PROBS, "aps": aps, "raps": raps}.items():
        inside = scores <= threshold(scores)
        result[name] = {"scores": scores[:6], "threshold": threshold(scores), "sizes": inside.sum(1)}
    return result


def uncertainty():
    total = stats.entropy(PROBS, axis=1)
    members = np.moveaxis(MEMBER, 0, 1).copy()
    mutual = run(tu.MutualInformation(reduction="none"), members)
    assert np.allclose(mutual, total - stats.entropy(MEMBER, axis=2).mean(0), atol=1e-12)
    votes = MEMBER.argmax(2)
    return {
        "total": total,
        "aleatoric": stats.entropy(MEMBER, axis=2).mean(0),
        "epistemic": mutual,
        "variation_ratio": 1 - stats.mode(votes, axis=0).count / MEMBERS,
        "energy": -2.5 * special.logsumexp(LOGITS[0] / 64 / 2.5, axis=1),
    }


def neighbours():
    bank, queries = generator.integers(-50, 51, (40, 6)), generator.integers(-50, 51, (9, 6))
    unit = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)
    kth = lambda b, q: NearestNeighbors(n_neighbors=5, algorithm="brute", metric="minkowski").fit(b).kneighbors(q)[0][:, -1]
    return {"bank": bank, "queries": queries, "unit": kth(unit(bank), unit(queries)), "raw": kth(bank.astype(float), queries.astype(float))}


def detection():
    """Scores on a grid of sixteenths, so that many are equal, within and across the two sides."""
    inside, outside = generator.integers(0, 30, 60), generator.integers(9, 40, 45)
    truth, scores = np.r_[np.zeros(60), np.ones(45)], np.r_[inside, outside] / 16

    def fpr(positive, score):
        false, true, _ = roc_curve(positive, score, drop_intermediate=False)
        return false[np.argmax(true >= 0.95)]

    assert np.isclose(run(tu.FPR95(pos_label=1), scores, truth.astype(int)), fpr(truth, scores))
    return {
        "in16": inside,
        "out16": outside,
        "auroc": roc_auc_score(truth, scores),
        "aupr_out": average_precision_score(truth, scores),
        "aupr_in": average_precision_score(1 - truth, -scores),
        "fpr95_out": fpr(truth, scores),
        "fpr95_in": fpr(1 - truth, -scores),
    }


def diversity():
    tops, right = MEMBER.argmax(2), MEMBER.argmax(2) == LABELS

    def yule(i, j):
        (neither, second), (first, both) = confusion_matrix(right[i], right[j])
        return (both * neither - first * second) / (both * neither + first * second)

    table = lambda measure: [[float(measure(i, j)) for j in range(MEMBERS)] for i in range(MEMBERS)]
    return {
        "disagreement": run(tu.Disagreement(), np.moveaxis(MEMBER, 0, 1).copy()),
        "kl": table(lambda i, j: stats.entropy(MEMBER[j], MEMBER[i], axis=1).mean()),
        "js": table(lambda i, j: (jensenshannon(MEMBER[i], MEMBER[j], axis=1) ** 2).mean() if i != j else 0),
        "kappa_class": table(lambda i, j: cohen_kappa_score(tops[i], tops[j])),
        "kappa_correct": table(lambda i, j: cohen_kappa_score(right[i], right[j])),
        "q": table(yule),
    }


def signed_rank_by_hand(d):
    """All sign patterns over midranks: the exact two-sided p with ties, zeros left out."""
    d = d[d != 0]
    ranks = stats.rankdata(abs(d))
    sums = np.array([(ranks * signs).sum() for signs in itertools.product((0, 1), repeat=len(d))])
    smaller = min(ranks[d > 0].sum(), ranks[d < 0].sum())
    return smaller, min(1.0, 2 * (sums <= smaller + 1e-9).mean())


def paired():
    a, b = generator.normal(0.92, 0.01, 9).round(4), generator.normal(0.913, 0.01, 9).round(4)
    tied = np.array([3, -1, 2, 0, 2, 5, -2, 4, 1, 2])
    long = generator.normal(0.2, 1, 230).round(2)
    t = stats.ttest_rel(a, b)
    interval = t.confidence_interval(0.9)
    exact = stats.wilcoxon(a, b, method="exact")
    approximate = stats.wilcoxon(long, method="approx", correction=False)
    above = int((a > b).sum())
    statistic, p = signed_rank_by_hand(tied)
    return {
        "a": a, "b": b, "tied": tied, "long": long,
        "t": {"statistic": t.statistic, "p": t.pvalue, "low": interval.low, "high": interval.high},
        "wilcoxon": {"statistic": exact.statistic, "p": exact.pvalue},
        "wilcoxon_tied": {"statistic": statistic, "p": p},
        "wilcoxon_long": {"statistic": approximate.statistic, "p": approximate.pvalue},
        "sign": {"above": above, "p": stats.binomtest(above, 9).pvalue},
        "sign_long": {"above": int((long > 0).sum()), "p": stats.binomtest(int((long > 0).sum()), int((long != 0).sum())).pvalue},
    }


def bootstrap():
    data = generator.exponential(1, 40).round(3)
    result = {"data": data}
    for method in ("percentile", "BCa"):
        drawn = stats.bootstrap((data,), np.mean, n_resamples=299, method=method, confidence_level=0.9, rng=np.random.default_rng(3))
        result[method] = {"low": drawn.confidence_interval.low, "high": drawn.confidence_interval.high}
    result["distribution"] = drawn.bootstrap_distribution
    return result


def distributions():
    points = [(df, t) for df in (1, 2, 3, 4, 9, 10, 29, 400) for t in (0.0, 0.02, 0.4, 1.0, 2.5, 7.0, 40.0)]
    levels = [(df, level) for df in (1, 2, 3, 9, 30) for level in (0.5, 0.9, 0.95, 0.999)]
    z = [-35, -8, -3, -2.0001, -2, -1.3, -1e-9, 0, 0.7, 2, 4, 9]
    p = [1e-300, 1e-12, 1e-4, 0.025, 0.31, 0.5, 0.6, 0.975, 1 - 1e-9]
    return {
        "student": [[df, t, 2 * stats.t.sf(t, df)] for df, t in points],
        "student_half_width": [[df, level, stats.t.ppf((1 + level) / 2, df)] for df, level in levels],
        "normal": [[x, stats.norm.cdf(x)] for x in z],
        "normal_quantile": [[x, stats.norm.ppf(x)] for x in p],
    }


def plain_json(value):
    if isinstance(value, dict):
        return {key: plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain_json(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def main():
    warnings.simplefilter("ignore")
    golden = {
        "shape": {"samples": SAMPLES, "classes": CLASSES, "members": MEMBERS, "parts": PARTS},
        "counts": COUNTS.ravel(), "logits64": LOGITS.ravel(), "labels": LABELS,
        "plain": plain(), "calibration": calibration_errors(), "selective": selective(), "temperature": temperature(),
        "conformal": conformal(), "uncertainty": uncertainty(), "neighbours": neighbours(), "detection": detection(),
        "diversity": diversity(), "paired": paired(), "bootstrap": bootstrap(), "distributions": distributions(),
    }
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text("{\n" + ",\n".join(f'"{key}": {json.dumps(plain_json(value))}' for key, value in golden.items()) + "\n}\n")
    print(f"{FILE}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
