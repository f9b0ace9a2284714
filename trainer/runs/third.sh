#!/usr/bin/env bash
# Rebuilds model 3 from what second.sh leaves in data/: third.sh [DEVICE]. Every command resumes.
# On two cores about an hour. The shipped weights began from second.sh's own run, so this makes the like, not the bits.
set -euo pipefail
device=${1:-cpu}
classes="cube octahedron truncated_octahedron decahedron icosahedron"
bank=data/bank
run=data/run

for recipe in pale strange; do
  beamside-simulate make simulator/recipes/$recipe.toml --out data/waves/$recipe --device "$device" --workers 2
done
render() { beamside-train --threads 1 render "data/waves/$1" --out "$bank/$1" --exposures 2 --split train --waves 400 --classes $classes "${@:2}"; }
render strange --shards 6 --seed 41
render pale --shards 35 --seed 11

# The datasets that it is trained on, and their order, stand in trainer/runs/third.toml.
fit() { beamside-train --device "$device" fit classifier --mixture trainer/runs/third.toml --classes $classes --learning-rate 1.5e-3 --steps-a-shard 1 "$@"; }
fit --start $run/classifier.pt --out $run/third-a.pt --steps 2700 --decay 0 --averaging 0.995 --seed 7 \
  --shards 75 --window 75 --start-shards 75
fit --start $run/third-a.pt --out $run/third.pt --steps 1900 --decay 1600 --averaging 0.99 --seed 8 \
  --window 96 --start-shards 96

# The detector is second.sh's, which lies in agent/models already.
beamside-train export --classifier $run/third.pt --bank $bank/test \
  --out agent/models --name third --version 3 --made-by trainer/runs/third.sh --exit-waves 29880 --error-level 0.05
beamside-train lighten agent/models --bank $bank/train --check $bank/test
rm -f agent/models/*.fp16.* # with them the weights are more than 10 MB
