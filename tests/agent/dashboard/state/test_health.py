"""The health line and the banner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.dashboard.state.csv_export import to_csv
from agent.dashboard.state.health import Viewer
from agent.dashboard.state.view import ViewState, resolve
from agent.edge.inference.backend import load_networks
from agent.edge.inference.processor import this_processor
from agent.edge.settings import MODELS
from protocol.snapshot import CAUSES, INTENDED, Cause, RecordingState
from tests.examples import snapshot

STOPPED = RecordingState(mode="stopped", path="s.beamside", reason="disk error: No space left")


def cell(state: ViewState, label: str) -> tuple[str, str]:
    return {c.label: (c.value, c.level) for c in state.health}[label]


def test_old_news_is_called_old() -> None:
    assert cell(resolve(snapshot(), Viewer(frame_age_s=0.4)), "state") == ("live, 0.4 s", "ok")
    late = resolve(snapshot(), Viewer(silent_s=130.0))
    assert cell(late, "state") == ("NO NEWS 2 min", "bad")
    assert late.banner.level == "bad"
    assert cell(resolve(snapshot(), Viewer(frame_age_s=9.0)), "state") == ("no frame 9 s", "warn")


def test_lost_frames_are_told_with_their_cause_and_faults_are_lit() -> None:
    source = snapshot()
    state = resolve(source, Viewer())
    assert cell(state, "not analysed") == ("replaced 9", "ok")
    assert cell(state, "gaps") == ("1 lost", "warn")
    worse = replace(source, health=replace(source.health, not_analysed={"replaced": 9, "no_pixel_size": 2}))
    assert cell(resolve(worse, Viewer()), "not analysed") == ("replaced 9, no pixel size 2", "warn")
    behind = replace(source, health=replace(source.health, analysed_per_s=2.0))
    assert cell(resolve(behind, Viewer()), "frames/s")[1] == "warn"


def test_clocks_that_disagree_are_told() -> None:
    source = snapshot()
    wrong = replace(source, health=replace(source.health, latency_p50_ms=-400.0))
    assert cell(resolve(wrong, Viewer()), "latency p50 / p99") == ("-400 / 150 ms, clocks differ", "warn")


def test_a_stopped_recording_is_an_alarm() -> None:
    source = snapshot()
    stopped = replace(source, health=replace(source.health, recording=STOPPED))
    state = resolve(stopped, Viewer())
    assert cell(state, "recording")[1] == "bad"
    assert "No space left" in state.banner.text


def test_a_network_that_was_refused_when_it_was_loaded_is_told_until_the_agent_starts_anew() -> None:
    source = snapshot()
    refused = "classifier.int8.onnx computes wrongly here: off by 1.7, its card allows 0.025"
    state = resolve(replace(source, health=replace(source.health, warnings=(refused,))), Viewer())
    assert (state.banner.text, state.banner.level) == (f"MODEL: {refused}", "warn")
    assert cell(state, "backend")[1] == "warn"
    assert refused in to_csv(replace(source, health=replace(source.health, warnings=(refused,))))
    assert cell(resolve(source, Viewer()), "backend")[1] == "ok"


def test_before_the_first_frame_it_says_what_it_waits_for_and_where() -> None:
    waiting = replace(snapshot(), frame=None, notes={"endpoint": "tcp://microscope:45010"})
    assert "waits for the first frame on tcp://microscope:45010" in resolve(waiting, Viewer()).banner.text
    assert resolve(waiting, Viewer()).frame is None
    nobody = resolve(None, Viewer(endpoint="tcp://a:1", silent_s=9.0))
    assert nobody.banner.text == "Waiting for an agent on tcp://a:1: nothing for 9 s. Is it running?"
    assert {c.label for c in nobody.health} == {c.label for c in resolve(snapshot(), Viewer()).health}


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_is_told_and_lit_unless_it_was_intended(cause: Cause) -> None:
    source = snapshot()
    state = resolve(replace(source, health=replace(source.health, not_analysed={cause: 3})), Viewer())
    assert cell(state, "not analysed") == (f"{cause.replace('_', ' ')} 3", "ok" if cause in INTENDED else "warn")


def test_a_recording_that_is_on_shows_its_path() -> None:
    source = snapshot()
    on = replace(source, health=replace(source.health, recording=RecordingState(mode="on", path="s.beamside")))
    assert cell(resolve(on, Viewer()), "recording") == ("s.beamside", "ok")
    assert cell(resolve(source, Viewer()), "recording") == ("off", "ok")


@pytest.mark.parametrize(
    ("whole", "shown"),
    [
        ("onnxruntime-cpu int8 on AVX-512 VNNI (no NVIDIA driver)", "int8, AVX-512 VNNI"),
        ("onnxruntime-cpu detector fp32, classifier int8 on AVX2 (a (b); c)", "fp32/int8, AVX2"),
        ("tensorrt fp16 on NVIDIA H100 80GB HBM3", "fp16, NVIDIA H100 80GB HBM3"),
        ("tensorrt int8 on NVIDIA on Loan", "int8, NVIDIA on Loan"),
        ("onnxruntime-cpu", "onnxruntime-cpu"),
        ("an agent of another make on something", "an agent of another make on something"),
        ("", ""),
    ],
)
def test_the_backend_is_shown_by_what_its_speed_depends_on_and_told_whole(whole: str, shown: str) -> None:
    source = snapshot()
    state = resolve(replace(source, health=replace(source.health, backend=whole)), Viewer())
    (found,) = (c for c in state.health if c.label == "backend")
    assert (found.value, found.whole) == (shown, whole)


def test_the_backend_of_this_machine_is_of_the_form_that_is_shortened() -> None:
    networks = load_networks(MODELS, prefer="onnxruntime-cpu", precision="fp32", threads=1)
    source = snapshot()
    health = replace(source.health, backend=networks.backend, model=networks.model)
    state = resolve(replace(source, health=health), Viewer())
    assert cell(state, "backend") == (f"fp32, {this_processor().instruction_set}", "ok")
    assert cell(state, "model")[0] == networks.classifier_card.label
    assert networks.backend in to_csv(replace(source, health=health))


def test_two_networks_of_different_models_are_both_named() -> None:
    source = snapshot()
    two = "detector model 4 (cc94903f), classifier fifth (7949fb39)"
    state = resolve(replace(source, health=replace(source.health, model=two)), Viewer())
    assert cell(state, "model")[0] == "detector model 4, classifier fifth"
