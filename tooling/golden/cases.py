"""The networks of the golden files: each operation with its options, ragged sizes, degenerate topologies, small whole networks.

Most operations stand between a stem and a classifier that have weights, so that a wrong gradient with respect to their input shows.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    spec: dict
    about: str
    batch: int = 5
    sparsity: float = 0.6
    """Of every weight that the spec does not declare dense; `sparsities` overrides it by name. At 0 the weight has no mask."""
    sparsities: dict = field(default_factory=dict)
    dead_rows: dict = field(default_factory=dict)
    """{weight: output rows without a live weight}"""
    exact_ties: bool = False
    """Whether max-pooling meets values that are equal by construction; the first in row-major order then wins."""
    learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    optimizer: dict = field(default_factory=dict)
    """What differs from plain SGD, in the words of `OptimizerSpec`."""
    loss: dict = field(default_factory=dict)
    mixed: bool = False
    """Whether every sample has a second label with a share of the loss."""
    dropout_seed: int | None = None
    """Of the first step; each later step's is one higher."""
    images_gradient: bool = False

    @property
    def name(self):
        return self.spec["name"]


class Graph:
    """Builds a spec; a node follows the one before unless `of` names its inputs."""

    def __init__(self, name, *shape):
        self.name, self.shape, self.nodes, self.last = name, list(shape), [], "input"

    def __call__(self, id, op, of=None, **options):
        sources = [self.last] if of is None else [of] if isinstance(of, str) else list(of)
        self.nodes.append({"id": id, "op": op, "from": sources, **options})
        self.last = id
        return self

    def conv(self, id, out, kernel=3, of=None, **options):
        return self(id, "conv2d", of, out=out, kernel=kernel, **{"bias": False, **options})

    def spec(self):
        return {"version": 1, "name": self.name, "input": {"shape": self.shape}, "nodes": self.nodes, "output": self.last}


def between(name, shape, middle, classes=3, stem=4, stem_options=None):
    """stem 3x3, ReLU, the nodes that `middle` adds, flatten, linear."""
    graph = Graph(name, *shape).conv("stem", stem, pad=1, bias=True, **(stem_options or {}))("act", "relu")
    middle(graph)
    return graph("flat", "flatten")("fc", "linear", out=classes).spec()


def conv_cases():
    # name, (C, H, W), stem channels, options of the convolution, batch, about
    rows = [
        ("conv3-pad1", (3, 8, 6), 5, dict(out=7, pad=1), 5, "3x3, padding 1"),
        ("conv5-valid", (1, 9, 8), 3, dict(out=4, kernel=5), 5, "5x5 without padding"),
        ("conv1", (3, 5, 7), 17, dict(out=9, kernel=1), 5, "1x1, 17 input channels"),
        ("conv3-stride2-odd", (3, 9, 7), 4, dict(out=6, stride=2, pad=1), 5, "3x3, stride 2, padding 1, odd sizes"),
        ("conv3-stride2-even", (3, 8, 10), 4, dict(out=6, stride=2, pad=1), 5, "3x3, stride 2, padding 1, even sizes: the last padding is unused"),
        ("conv1-stride2", (3, 7, 8), 5, dict(out=6, kernel=1, stride=2), 5, "1x1, stride 2, as in a shortcut"),
        ("conv3-stride3", (2, 10, 8), 4, dict(out=5, stride=3), 5, "3x3, stride 3 without padding; a last row and column are never read"),
        ("conv3-bias", (3, 7, 7), 4, dict(out=5, pad=1, bias=True), 5, "3x3 with bias"),
        ("conv2-pad1", (3, 6, 5), 4, dict(out=5, kernel=2, pad=1), 5, "2x2, padding 1: an even kernel, the map grows by 1"),
        ("conv1-pad1", (3, 5, 4), 4, dict(out=5, kernel=1, pad=1), 5, "1x1, padding 1, as in VGG-C: the map grows by 2"),
        ("conv7-stride2-pad3", (2, 12, 11), 3, dict(out=4, kernel=7, stride=2, pad=3), 4, "7x7, stride 2, padding 3"),
        ("conv3-tiny-plane", (3, 1, 2), 6, dict(out=7, pad=1), 9, "3x3, padding 1, on 1x2 pixels: most taps see padding only"),
    ]
    for name, shape, stem, options, batch, about in rows:
        spec = between(name, shape, lambda graph: graph.conv("conv", **options)("after", "relu"), stem=stem)
        yield Case(spec, f"Convolution {about}", batch)


def pooling_cases():
    rows = [
        ("max-pool2", (2, 7, 9), dict(op="maxPool", kernel=2), "2x2; a last row and column are never read"),
        ("max-pool3-stride2", (2, 9, 8), dict(op="maxPool", kernel=3, stride=2), "3x3, stride 2: windows overlap"),
        ("max-pool3-stride2-pad1", (2, 8, 7), dict(op="maxPool", kernel=3, stride=2, pad=1), "3x3, stride 2, padding 1 that counts as minus infinity"),
        ("avg-pool2", (2, 7, 8), dict(op="avgPool", kernel=2), "2x2"),
        ("avg-pool3-stride2", (2, 9, 7), dict(op="avgPool", kernel=3, stride=2), "3x3, stride 2: windows overlap"),
        ("global-avg-pool", (2, 5, 7), dict(op="globalAvgPool"), "over the whole plane"),
    ]
    for name, shape, options, about in rows:
        # No ReLU before the pool, so that negative values win windows too; a dense stem leaves no exact ties.
        graph = Graph(name, *shape).conv("stem", 5, pad=1, bias=True, dense=True)("pool", **options)
        if options["op"] != "globalAvgPool":
            graph("flat", "flatten")
        yield Case(graph("fc", "linear", out=4).spec(), f"Pooling {about}")


def feature_cases():
    linear = lambda name, *sizes: Graph(name, sizes[0])("fc1", "linear", out=sizes[1])("act", "relu")("fc2", "linear", out=sizes[2]).spec()
    yield Case(linear("linear", 17, 9, 5), "Linear layers, 33 samples", batch=33)
    yield Case(linear("linear-batch1", 19, 7, 3), "Linear layers, one sample a step", batch=1, sparsity=0.5)
    yield Case(linear("plain-sgd", 11, 6, 3), "Neither momentum nor weight decay", momentum=0.0, weight_decay=0.0)
    bare = Graph("linear-no-bias", 13)("fc1", "linear", out=8, bias=False)("act", "relu")("fc2", "linear", out=4, bias=False).spec()
    yield Case(bare, "Linear layers without bias", sparsity=0.7)
    norm = Graph("batch-norm-features", 9)("fc1", "linear", out=7, bias=False)("bn", "batchNorm", eps=0.003, momentum=0.3)
    yield Case(norm("act", "relu")("fc2", "linear", out=4).spec(), "Batch normalisation of features, eps 0.003, momentum 0.3", batch=8)
    norm = between("batch-norm-images", (3, 6, 5), lambda graph: graph.conv("conv", 5, pad=1)("bn", "batchNorm")("after", "relu"))
    yield Case(norm, "Batch normalisation of images, default eps and momentum", batch=4)
    first = Graph("batch-norm-first", 2, 4, 5)("bn", "batchNorm", momentum=1.0).conv("conv", 4)("act", "relu")("pool", "globalAvgPool")
    yield Case(first("fc", "linear", out=3).spec(), "Batch normalisation of the input itself, momentum 1", batch=3)
    yield Case(between("flatten", (2, 4, 5), lambda graph: graph.conv("conv", 3, pad=2)), "Flatten (C, H, W) after a padded convolution, no ReLU between")


def graph_cases():
    graph = Graph("add-three-consumers", 3, 6, 5).conv("stem", 4, pad=1, bias=True)("act", "relu")
    graph.conv("left", 4, pad=1, of="act")("act2", "relu").conv("right", 4, kernel=1, of="act")
    graph("sum", "add", of=("act2", "right"))("sum2", "add", of=("act", "sum"))("act3", "relu")("pool", "globalAvgPool")
    yield Case(graph("fc", "linear", out=4).spec(), "One activation read by two convolutions and an addition")
    graph = Graph("add-input", 3, 5, 5).conv("conv", 3, pad=1)("sum", "add", of=("conv", "input"))("act", "relu")("pool", "avgPool", kernel=2)
    yield Case(graph("flat", "flatten")("fc", "linear", out=3).spec(), "An addition that reads the network's input")
    # Sizes around every tile: width, channels, batch.
    for width, channels, batch in ((1, 17, 33), (5, 3, 1), (7, 1, 5), (9, 17, 33), (16, 3, 32), (17, 5, 2), (3, 33, 17)):
        graph = Graph(f"ragged-w{width}-c{channels}-b{batch}", 1, 4 if width > 5 else 5, width).conv("stem", channels, pad=1)("act", "relu")
        graph.conv("conv", min(channels, 5), pad=1)("bn", "batchNorm")("act2", "relu")("pool", "globalAvgPool")
        sparsity = 0.85 if channels > 8 else 0.4
        yield Case(graph("fc", "linear", out=5).spec(), f"Width {width}, {channels} channels, batch {batch}", batch, sparsity, {"stem.weight": 0.3})


def topology_cases():
    block = lambda graph: graph.conv("conv", 6, pad=1, bias=True)("after", "relu")
    yield Case(between("sparsity-zero", (3, 6, 5), block), "Every weight dense, none declared so", sparsity=0.0)
    declared = between("declared-dense", (3, 6, 5), block, stem_options={"dense": True})
    yield Case(declared, "One layer declared dense between sparse ones")
    yield Case(between("sparsity-095", (3, 6, 5), block, stem=8), "Convolution and linear layer at sparsity 0.95", sparsity=0.95, sparsities={"stem.weight": 0.7})
    dead = dict(dead_rows={"conv.weight": [0, 4], "fc.weight": [2]})
    yield Case(between("dead-rows", (3, 6, 5), block), "Output rows without a live weight give their bias", **dead)
    normed = lambda graph: graph.conv("conv", 6, pad=1)("bn", "batchNorm")("after", "relu")
    yield Case(between("dead-row-norm", (3, 6, 5), normed), "A dead row under batch normalisation: variance 0", dead_rows={"conv.weight": [1]})
    pooled = lambda graph: graph.conv("conv", 4, pad=1, bias=True)("pool", "maxPool", kernel=3, stride=2)
    spec = between("dead-row-max-pool", (2, 7, 6), pooled, stem_options={"dense": True})
    yield Case(spec, "A constant plane under max-pooling: the first of equal values wins, in row-major order", sparsity=0.3, dead_rows={"conv.weight": [2]}, exact_ties=True)
    yield Case(between("dead-layer", (3, 5, 5), block), "A layer without a single live weight", sparsities={"conv.weight": 1.0})


def network_cases():
    dense = lambda name, *sizes: chain_of_linears(Graph(name, sizes[0]), sizes[1:])
    yield Case(dense("lenet-300-100", 20, 12, 7, 5), "LeNet-300-100 in small: 20-12-7-5", batch=16, sparsity=0.7)
    yield Case(dense("mlp", 3 * 5 * 5, 16, 8, 10), "A wide input, as a flattened image", batch=8, sparsity=0.8)
    yield Case(lenet5(), "LeNet-5 with 4 and 6 channels on 20x20 pixels", batch=4, sparsity=0.6, sparsities={"conv1.weight": 0.3})
    yield Case(wide_resnet(), "WRN-10-1 with 4, 5, 6 channels on 8x8 pixels", batch=4, sparsity=0.7, sparsities={"conv1.weight": 0.4})
    yield Case(resnet(), "A ResNet of 8 layers with 4, 5, 6 channels and convolutional shortcuts on 8x8 pixels", batch=4, sparsity=0.6)
    yield Case(bottleneck(), "The stem and one bottleneck block of ResNet-50, in small", batch=4, sparsity=0.6)
    yield Case(vgg(), "VGG units: a bias before batch normalisation (its gradient is zero), linear-ReLU-batchNorm", batch=6, sparsity=0.5)


def chain_of_linears(graph, sizes):
    for k, size in enumerate(sizes, 1):
        graph(f"fc{k}", "linear", out=size)
        if k < len(sizes):
            graph(f"relu{k}", "relu")
    return graph.spec()


def lenet5():
    graph = Graph("lenet5", 1, 20, 20).conv("conv1", 4, 5, bias=True)("relu1", "relu")("pool1", "maxPool", kernel=2)
    graph.conv("conv2", 6, 5, bias=True)("relu2", "relu")("pool2", "maxPool", kernel=2)("flatten", "flatten")
    return graph("fc1", "linear", out=12)("relu3", "relu")("fc2", "linear", out=10).spec()


def wide_resnet():
    graph, width = Graph("wrn-10-1", 3, 8, 8).conv("conv1", 4, pad=1), 4
    for k, (out, stride) in enumerate(((4, 1), (5, 2), (6, 2)), 1):
        block, entry = f"group{k}.0", graph.last
        graph(f"{block}.bn1", "batchNorm")(f"{block}.relu1", "relu").conv(f"{block}.conv1", out, stride=stride, pad=1)
        graph(f"{block}.bn2", "batchNorm")(f"{block}.relu2", "relu").conv(f"{block}.conv2", out, pad=1)
        other = entry
        if out != width:  # the shortcut reads what follows the first ReLU, not the block's input
            other = f"{block}.convShortcut"
            graph.conv(other, out, 1, of=f"{block}.relu1", stride=stride)
        graph(f"{block}.add", "add", of=(f"{block}.conv2", other))
        width = out
    return graph("bn", "batchNorm")("relu", "relu")("pool", "globalAvgPool")("fc", "linear", out=10).spec()


def resnet():
    graph, width = Graph("resnet-8", 3, 8, 8).conv("conv1", 4, pad=1)("bn1", "batchNorm")("relu", "relu"), 4
    for k, (out, stride) in enumerate(((4, 1), (5, 2), (6, 2)), 1):
        block, entry = f"layer{k}.0", graph.last
        graph.conv(f"{block}.conv1", out, stride=stride, pad=1)(f"{block}.bn1", "batchNorm")(f"{block}.relu1", "relu")
        graph.conv(f"{block}.conv2", out, pad=1)(f"{block}.bn2", "batchNorm")
        other = entry
        if stride > 1:
            other = f"{block}.shortcut.1"
            graph.conv(f"{block}.shortcut.0", out, 1, of=entry, stride=stride)(other, "batchNorm")
        graph(f"{block}.add", "add", of=(f"{block}.bn2", other))(f"{block}.relu2", "relu")
    return graph("pool", "globalAvgPool")("fc", "linear", out=10).spec()


def bottleneck():
    graph = Graph("bottleneck", 3, 13, 12).conv("conv1", 4, 7, stride=2, pad=3)("bn1", "batchNorm")("relu", "relu")
    graph("maxpool", "maxPool", kernel=3, stride=2, pad=1).conv("b.conv1", 3, 1)("b.bn1", "batchNorm")("b.relu1", "relu")
    graph.conv("b.conv2", 3, stride=2, pad=1)("b.bn2", "batchNorm")("b.relu2", "relu").conv("b.conv3", 8, 1)("b.bn3", "batchNorm")
    graph.conv("b.downsample.0", 8, 1, of="maxpool", stride=2)("b.downsample.1", "batchNorm")
    return graph("b.add", "add", of=("b.bn3", "b.downsample.1"))("b.relu3", "relu")("pool", "globalAvgPool")("fc", "linear", out=6).spec()


def vgg():
    graph = Graph("vgg-units", 3, 6, 6).conv("conv1", 5, pad=1, bias=True)("bn1", "batchNorm")("relu1", "relu")
    graph.conv("conv2", 6, 1, pad=1, bias=True)("bn2", "batchNorm")("relu2", "relu")("pool", "maxPool", kernel=2)("flatten", "flatten")
    graph("fc1", "linear", out=9)("relu3", "relu")("bn3", "batchNorm")
    return graph("fc2", "linear", out=5).spec()


def several(spec, heads):
    return {**spec, "heads": heads}


def member_cases():
    graph = Graph("concat", 3, 6, 5).conv("stem", 4, pad=1, bias=True)("act", "relu").conv("left", 3, pad=1)("act2", "relu")
    graph.conv("right", 2, kernel=1, of="act")("all", "concat", of=("act2", "right", "act"))("norm", "batchNorm").conv("mix", 5, pad=1)
    graph("twice", "concat", of=("mix", "mix"))("act3", "relu")("pool", "globalAvgPool")("both", "concat", of=("pool", "pool"))
    yield Case(graph("fc", "linear", out=4).spec(), "Channels and features put together; one input is read three times, one is there twice")
    graph = Graph("concat-strided", 2, 7, 6).conv("stem", 3, stride=2, pad=1)("pool", "avgPool", of="input", kernel=3, stride=2)
    graph.conv("other", 2, 3, of="input", stride=2)("all", "concat", of=("pool", "other"))("flat", "flatten")("flat2", "flatten", of="stem")
    graph("long", "concat", of=("flat", "flat2"))
    yield Case(graph("fc", "linear", out=3).spec(), "A pooled input beside a strided convolution of it; features of different lengths")
    graph = Graph("dropout", 3, 6, 5).conv("stem", 5, pad=1, bias=True)("act", "relu")("drop", "dropout", rate=0.3).conv("conv", 6, stride=2, pad=1)
    graph("bn", "batchNorm")("act2", "relu")("flat", "flatten")("drop2", "dropout", rate=0.5)("fc", "linear", out=7)("act3", "relu")
    graph("drop3", "dropout", of="act3", rate=0.1)("sum", "add", of=("drop3", "act3"))
    yield Case(graph("fc2", "linear", out=4).spec(), "Dropout of pictures and features, beside another reader too", batch=6, dropout_seed=(1 << 33) + 5)
    graph = Graph("member-scale", 3, 5, 4)("first", "memberScale", members=3).conv("conv", 4, pad=1)("scale", "memberScale", members=3)
    graph("act", "relu").conv("conv2", 5, 3)("bn", "batchNorm")("act2", "relu")("flat", "flatten")("last", "memberScale", members=2)
    yield Case(graph("fc", "linear", out=4).spec(), "Factors of members on the images, between layers, and on features; no member has equally many samples", batch=8)
    head = lambda name, out, classes: Graph(name, 9)("fc1", "linear", out=out)("act", "relu")("fc2", "linear", out=classes).spec()
    yield Case(several(head("heads", 11, 6), 2), "Two heads of three classes, averaged", batch=7)
    yield Case(several(head("heads-sum", 8, 8), 4), "Four heads of two classes, added", batch=5, loss={"heads": "sum"}, learning_rate=0.02)
    yield Case(head("label-smoothing", 8, 5), "Label smoothing 0.25", batch=6, loss={"labelSmoothing": 0.25})
    yield Case(head("mixed", 8, 5), "Two labels a sample, with label smoothing 0.125", batch=9, mixed=True, loss={"labelSmoothing": 0.125})
    yield Case(several(head("mixed-heads", 8, 6), 2), "Two labels of each of two heads", batch=5, mixed=True)


def optimizer_cases():
    def norm(name):
        graph = Graph(name, 2, 5, 4)("own", "memberScale", members=2).conv("conv", 4, pad=1)("bn", "batchNorm")("act", "relu")
        return graph("pool", "avgPool", kernel=2)("flat", "flatten")("fc", "linear", out=3).spec()

    adamw = {"kind": "adamw", "weightDecay": 0.125}
    few = {"decays": ["weight", "memberScale"], "rates": {"bias": 2, "scale": 0.5, "shift": 0}}
    yield Case(norm("nesterov"), "SGD with Nesterov's momentum", batch=6, optimizer={"nesterov": True})
    yield Case(norm("clip-norm"), "SGD, gradients clipped to a norm of 0.5 in some of the steps", batch=6, optimizer={"clipNorm": 0.5})
    yield Case(norm("sgd-kinds"), "SGD with Nesterov's momentum; rates and decays by kind", batch=6, optimizer={"nesterov": True, "weightDecay": 0.05, **few})
    yield Case(norm("adamw"), "AdamW", batch=6, optimizer=adamw, learning_rate=0.01)
    other = {**adamw, "beta1": 0.75, "beta2": 0.9375, "eps": 1e-3, "clipNorm": 0.25, **few}
    yield Case(norm("adamw-kinds"), "AdamW, other constants, clipped; rates and decays by kind", batch=6, optimizer=other, learning_rate=0.02)


def image_cases():
    yield Case({**wide_resnet(), "name": "images-wrn-10-1"}, "The gradient of the images of a wide ResNet", batch=4, images_gradient=True)
    graph = Graph("images-pads", 2, 4, 5).conv("conv", 3, 1, pad=1, bias=True)("act", "relu")("pool", "maxPool", kernel=3, stride=2, pad=1)
    graph("flat", "flatten")("fc", "linear", out=6)("act2", "relu")("bn", "batchNorm")("fc2", "linear", out=3)
    yield Case(graph.spec(), "The gradient of the images through a padded 1x1, max-pooling, and ReLU before normalisation", batch=3, images_gradient=True)
    graph = Graph("images-branches", 2, 9, 8)("bn", "batchNorm").conv("conv", 4, stride=2, pad=1)("bn1", "batchNorm")("act", "relu")
    graph.conv("point", 3, 1, of="bn", stride=2, dense=True)("all", "concat", of=("act", "point"))("scale", "memberScale", members=2)
    graph("pool", "maxPool", kernel=3, stride=2, pad=1)("drop", "dropout", rate=0.25)("flat", "flatten")("fc", "linear", out=4)
    graph("direct", "avgPool", of="input", kernel=3, stride=2)("mean", "globalAvgPool").nodes.append(dict(id="fc2", op="linear", **{"from": ["mean"]}, out=4))
    graph("sum", "add", of=("fc", "fc2"))("logits", "linear", out=6)
    about = "The gradient of the images along strided, pooled, joined, scaled and dropped branches; two heads, smoothed"
    yield Case(several(graph.spec(), 2), about, batch=5, exact_ties=True, images_gradient=True, dropout_seed=3, loss={"heads": "sum", "labelSmoothing": 0.25})


def all_cases():
    plain = (conv_cases, pooling_cases, feature_cases, graph_cases, topology_cases, network_cases)
    for family in (*plain, member_cases, optimizer_cases, image_cases):
        yield from family()


def rewiring_case():
    graph = Graph("rewire", 2, 7, 6).conv("conv1", 6, pad=1, bias=True)("relu1", "relu").conv("conv2", 7, stride=2, pad=1)
    graph("bn", "batchNorm")("relu2", "relu")("flatten", "flatten")("fc1", "linear", out=10)("relu3", "relu")("fc2", "linear", out=5, dense=True)
    return Case(graph.spec(), "Three rewirings: magnitude drop, gradient growth", batch=6, sparsity=0.7, sparsities={"conv1.weight": 0.4})
