#!/usr/bin/env bash
# Rebuilds model 4 from what second.sh and third.sh leave in data/: fourth.sh [DEVICE]. Every command
# resumes. On two cores about three hours. The shipped weights began from model 3's own run, whose bank held ten
# pale shards twice, so this makes the like, not the bits.
set -euo pipefail
device=${1:-cpu}
classes="cube octahedron truncated_octahedron decahedron icosahedron"
bank=data/bank
run=data/run

for recipe in between light; do
  beamside-simulate make simulator/recipes/$recipe.toml --out data/waves/$recipe --device "$device" --workers 2
done
render() { beamside-train --threads 1 render "data/waves/$1" --out "$bank/$2" --exposures 2 --split train --waves 400 --classes $classes "${@:3}"; }
render between between --shards 10 --seed 51
render strange strange4 --shards 6 --seed 52
render light light --shards 13 --seed 55
render task task4 --shards 57 --seed 53
render pale pale4 --shards 25 --seed 54

# The datasets that it is trained on, and their order, stand in trainer/runs/third.toml and fourth*.toml.
fit() { beamside-train --device "$device" fit classifier --classes $classes --learning-rate 1.5e-3 --steps-a-shard 1 "$@"; }
fit --mixture trainer/runs/third.toml --window 96 --start-shards 96 --start $run/third.pt --out $run/fourth-a.pt --steps 18600 --decay 0 --averaging 0.995 --seed 21
fit --mixture trainer/runs/fourth.toml --window 167 --start-shards 167 --start $run/fourth-a.pt --out $run/fourth.pt --steps 3000 --decay 2700 --averaging 0.99 --seed 22

# For the detector alone: particles without texture, seen dull and from far out of focus.
dull() { # NEW STOCK SHARDS PARTICLES
  mkdir -p "data/waves/$1" && ln -sf "$(realpath "data/waves/$2")"/*.h5 "data/waves/$1/"
  sed -e "s/^particles = .*/particles = $4/" -e 's/^uncorrected_share = .*/uncorrected_share = 0.7/' \
    -e 's/^uncorrected_c1_nm = .*/uncorrected_c1_nm = [-500.0, -30.0]/' \
    -e 's/^focal_spread_nm = .*/focal_spread_nm = [3.0, 12.0]/' -e 's/^convergence_mrad = .*/convergence_mrad = [0.1, 1.0]/' \
    -e 's/^blur_nm = .*/blur_nm = [0.03, 0.15]/' -e 's/^aperture_share = .*/aperture_share = 0.6/' \
    -e 's/^aperture_per_nm = .*/aperture_per_nm = [2.5, 8.0]/' "data/waves/$2/recipe.toml" > "data/waves/$1/recipe.toml"
  beamside-train --threads 1 render "data/waves/$1" --out "$bank/$1" --exposures 1 --split train --shards "$3" "${@:5}"
}
dull dull task 8 3200 --waves 400 --seed 61
dull dullsmall small 3 1000 --waves 350 --seed 62
dull dullbetween between 5 2000 --waves 400 --seed 63
beamside-train --device "$device" fit detector --mixture trainer/runs/fourth_detector.toml --classes particle centre border \
  --start $run/detector.pt --out $run/detector4.pt --steps 1200 --decay 800 --shards 46 --window 46 --start-shards 37 \
  --steps-a-shard 10 --batch 16 --learning-rate 2e-3 --averaging 0.99 --seed 4

beamside-train export --classifier $run/fourth.pt --detector $run/detector4.pt --bank $bank/test \
  --out agent/models --name fourth --version 4 --made-by trainer/runs/fourth.sh --exit-waves 36630 --error-level 0.02
beamside-train lighten agent/models --bank $bank/train --check $bank/test
rm -f agent/models/*.fp16.* # with them the weights are more than 10 MB
