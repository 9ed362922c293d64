"""What TensorBoard's own reader finds in a folder of event files, as JSON: by run, the folder's relative path."""
import base64
import json
import os
import sys

from tensorboard.backend.event_processing import event_accumulator, plugin_event_multiplexer
from tensorboard.plugins.hparams import metadata as hparams


def read(folder):
    events = event_accumulator.EventAccumulator(folder, size_guidance={kind: 0 for kind in ("scalars", "histograms", "images", "tensors")})
    events.Reload()
    tags = events.Tags()
    return {
        "scalars": {tag: [[e.step, e.value, e.wall_time] for e in events.Scalars(tag)] for tag in tags["scalars"]},
        "histograms": {
            tag: [
                [e.step, e.histogram_value.num, e.histogram_value.min, e.histogram_value.max, e.histogram_value.sum, sum(e.histogram_value.bucket)]
                for e in events.Histograms(tag)
            ]
            for tag in tags["histograms"]
        },
        "images": {
            tag: [[e.step, e.height, e.width, base64.b64encode(e.encoded_image_string).decode()] for e in events.Images(tag)]
            for tag in tags["images"]
        },
        "texts": {
            tag: [t.decode() for e in events.Tensors(tag) for t in e.tensor_proto.string_val]
            for tag in tags["tensors"]
            if events.SummaryMetadata(tag).plugin_data.plugin_name == "text"
        },
        "hparams": plugins(folder),
    }


def plugins(folder):
    """By the reader that the server uses."""
    all_runs = plugin_event_multiplexer.EventMultiplexer({"run": folder})
    all_runs.Reload()
    found = all_runs.PluginRunToTagToContent(hparams.PLUGIN_NAME).get("run", {})
    if hparams.SESSION_START_INFO_TAG not in found:
        return None
    start = hparams.parse_session_start_info_plugin_data(found[hparams.SESSION_START_INFO_TAG])
    end = hparams.SESSION_END_INFO_TAG in found and hparams.parse_session_end_info_plugin_data(found[hparams.SESSION_END_INFO_TAG])
    values = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
    return {"group": start.group_name, "start": start.start_time_secs, "values": values, "status": end.status if end else None}


root = sys.argv[1]
runs = {os.path.relpath(folder, root): read(folder) for folder, _, names in os.walk(root) if any("tfevents" in name for name in names)}
json.dump(runs, sys.stdout)
