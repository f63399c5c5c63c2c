#!/usr/bin/env bash
# Ten minutes of a GPU: both learners are meta-trained at once, tables drawn where they are learned from, in bf16, and
# their weights end up under $OUT. Each run ends by the clock, its rate of learning brought down to nothing before.
#
#   OUT=results tools/pretraining/ten_minutes.sh
#
# MINUTES (8.5: starting, drawing the validation tables and the last export take the rest), DEVICE ("cpu" to try it) and
# CELLS, the cells of a step, can be set. The same command takes up a run that was stopped.
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${OUT:?names the folder for weights, logs and checkpoints}"
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}" MINUTES="${MINUTES:-8.5}" DEVICE="${DEVICE:-cuda}" CELLS="${CELLS:-}"
mkdir -p "$OUT"
for kind in regression classification; do
  python - "$kind" <<'PYTHON'
import json, os, sys

kind = sys.argv[1]
with open(f"tools/pretraining/configs/gpu_{kind}.json") as file:
    config = json.load(file)
config["device"] = os.environ["DEVICE"]
config["bf16"] = config["bf16"] and config["device"] != "cpu"  # few processors compute in bf16
if os.environ["CELLS"]:
    config["stream"]["cells_per_step"] = int(os.environ["CELLS"])
with open(f"{os.environ['OUT']}/{kind}.json", "w") as file:
    json.dump(config, file, indent=2)
PYTHON
  # two processes share the device: while one draws its tables, the other learns
  python -m tools.pretraining.train --config "$OUT/$kind.json" --folder "$OUT/$kind" --minutes "$MINUTES" \
    --export "$OUT/in_context_$kind.safetensors" --evaluate-every 2000 --save-seconds 120 --validation-tables 64 \
    > "$OUT/$kind.out" 2>&1 &
done
failed=0
for process in $(jobs -p); do wait "$process" || failed=1; done
tail -n 2 "$OUT"/*.out
exit "$failed"
