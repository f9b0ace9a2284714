#!/usr/bin/env bash
# Rebuilds model 2: second.sh [DEVICE]. Every command resumes. On two cores about three hours.
# The shipped weights were made while waves, images and training ran side by side, the waves partly by an earlier
# version of the multislice and of the decahedra, and when pale.toml had 4,000 particles, not 10,000 (23,400 exit waves
# in all, not 27,000): this makes the like, not the bits (trainer/LOG.md).
set -euo pipefail
device=${1:-cpu}
classes="cube octahedron truncated_octahedron decahedron icosahedron"
bank=data/bank
run=data/run

for recipe in task pale small; do
  beamside-simulate make simulator/recipes/$recipe.toml --out data/waves/$recipe --device "$device" --workers 2
done
render() { beamside-train --threads 1 render "data/waves/$1" --out "$bank/$2" --exposures 2 "${@:3}"; }
render task train --split train --shards 55 --waves 400 --seed 5
render pale pale --split train --shards 20 --waves 400 --seed 11
render small small --split train --shards 6 --waves 350 --seed 9
render task test --split test --shards 15 --waves 1500 --seed 6

# For the detector alone: the same waves seen from far out of focus.
far() { # far NEW STOCK SHARDS PARTICLES
  mkdir -p "data/waves/$1" && ln -sf "$(realpath "data/waves/$2")"/*.h5 "data/waves/$1/"
  sed -e "s/^particles = .*/particles = $4/" -e 's/^uncorrected_share = .*/uncorrected_share = 0.7/' \
    -e 's/^uncorrected_c1_nm = .*/uncorrected_c1_nm = [-500.0, -30.0]/' "data/waves/$2/recipe.toml" > "data/waves/$1/recipe.toml"
  beamside-train --threads 1 render "data/waves/$1" --out "$bank/$1" --exposures 1 --split train --shards "$3" "${@:5}"
}
far far task 8 1600 --waves 400 --seed 21
far farsmall small 6 1000 --waves 350 --seed 22

# What is trained on several datasets says so in a mixture, trainer/runs/second_*.toml.
fit() { beamside-train --device "$device" --threads 1 fit classifier --classes $classes --learning-rate 3e-3 --averaging 0.997 "$@"; }
fit --bank $bank/train --out $run/one.pt --steps 1100 --decay 0 --shards 55 --window 80 --start-shards 6 --steps-a-shard 100
fit --bank $bank/train --start $run/one.pt --out $run/two.pt --steps 2700 --decay 0 --seed 2 \
  --shards 55 --window 80 --start-shards 36 --steps-a-shard 150
fit --mixture trainer/runs/second_classifier.toml --start $run/two.pt --out $run/classifier.pt --steps 3400 --decay 2000 --seed 3 \
  --shards 75 --window 75 --start-shards 57 --steps-a-shard 60
beamside-train --device "$device" fit detector --mixture trainer/runs/second_detector.toml --classes particle centre border --out $run/near.pt \
  --steps 2000 --decay 700 --shards 57 --window 57 --start-shards 57 --batch 16 --learning-rate 3e-3 --averaging 0.99
beamside-train --device "$device" fit detector --mixture trainer/runs/second_detector_far.toml --classes particle centre border --start $run/near.pt \
  --out $run/detector.pt --steps 900 --decay 600 --shards 40 --window 40 --start-shards 40 \
  --batch 16 --learning-rate 2e-3 --averaging 0.99 --seed 2

beamside-train export --classifier $run/classifier.pt --detector $run/detector.pt --bank $bank/test \
  --out agent/models --name second --version 2 --made-by trainer/runs/second.sh --exit-waves 27000 --error-level 0.10
