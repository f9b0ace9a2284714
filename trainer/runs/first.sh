#!/usr/bin/env bash
# Rebuilds model 1. Two cores: waves 11 min, banks 25 min, networks 25 min.
set -euo pipefail
classes="cube octahedron truncated_octahedron decahedron icosahedron"
recipe=simulator/recipes/task.toml
stock=data/waves/task
mkdir -p "$stock" && cp "$recipe" "$stock/recipe.toml"
beamside-simulate make "$recipe" --out "$stock"
render() { beamside-train --threads 1 render "$stock" --exposures "$4" --split "$1" --out "$2" --passes 1 --waves "$3" --seed "$5"; }
render train data/bank/all 300 2 5
render train data/bank/more 300 2 7
render train data/bank/third 300 2 8
render test data/bank/test 1500 3 6
for n in more third; do for f in data/bank/$n/shard-*.npz; do mv "$f" "data/bank/all/shard-$n-${f##*-}"; done; done
beamside-train fit detector --bank data/bank/all --classes particle centre border --out data/run/detector.pt \
  --steps 500 --batch 16 --learning-rate 3e-3 --averaging 0.99
beamside-train fit classifier --bank data/bank/all --classes $classes --out data/run/start.pt \
  --steps 1300 --batch 64 --learning-rate 3e-3 --averaging 0.99
beamside-train fit classifier --bank data/bank/all --classes $classes --out data/run/classifier.pt --start data/run/start.pt \
  --steps 3600 --batch 64 --learning-rate 3e-3 --averaging 0.997 --seed 2
beamside-train export --classifier data/run/classifier.pt --detector data/run/detector.pt --bank data/bank/test \
  --out agent/models --name first --made-by runs/first.sh --exit-waves "$1" --error-level 0.10
