"""The twin: trained on the shipped sentences, good on those it does not know, kept and read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.errors import BadInput
from ivr_bot.dialog.conversations import read_conversations, try_out
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.shipped import conversations_of, shipped_scripts
from ivr_bot.nlu.calibrating import FALSE_ACCEPTANCE, calibrated
from ivr_bot.nlu.examples import OUT_OF_SCOPE, Example
from ivr_bot.nlu.learning import learn
from ivr_bot.nlu.measuring import measured
from ivr_bot.nlu.script_tests import intent_of
from ivr_bot.nlu.sentences import LANGUAGES, all_examples, held_out, own_file, tuning
from ivr_bot.nlu.training import SiteModel, kept_model, site_model
from ivr_bot.nlu.twin import load, save, trained
from tests.ivr_bot.nlu.sites import write_own


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def model(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> SiteModel:
    return site_model(tmp_path_factory.mktemp("none"), kept)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_understands_sentences_nobody_trained_on(model: SiteModel, language: str) -> None:
    score = measured(model, language, held_out(language))
    assert score.right >= 0.87 * score.sentences, score.mistakes
    assert score.accepted <= 0.07 * score.outside, score.mistakes


@pytest.mark.parametrize("path", shipped_scripts(), ids=lambda path: path.stem)
def test_the_conversations_of_the_shipped_scripts_go_as_expected_with_it(model: SiteModel, path: Path) -> None:
    script, tests = load_script(path), conversations_of(path)
    for conversation in read_conversations(tests.read_text(encoding="utf-8"), str(tests)):
        assert try_out(script, conversation, intent_of(model, conversation.language)).differences == ()


def test_it_knows_what_it_was_trained_on(model: SiteModel, tmp_path: Path) -> None:
    examples = all_examples(tmp_path)
    shares = model.twin.probabilities([example.text for example in examples])
    best = [model.twin.intents[index] for index in shares.argmax(axis=1)]
    known = sum(taken == example.intent for taken, example in zip(best, examples, strict=True))
    assert known >= 0.97 * len(examples)


def test_what_is_kept_is_the_same_model(model: SiteModel, tmp_path: Path) -> None:
    save(model.twin, tmp_path / "twin.npz")
    again = load(tmp_path / "twin.npz")
    for text in ("who is calling", "сколько стоит", "keyinroq", "10 ta"):
        assert again.ranking(text) == pytest.approx(model.twin.ranking(text))


def test_a_damaged_model_is_trained_anew(kept: Path, model: SiteModel, tmp_path: Path) -> None:
    del model  # it is kept by now
    (weights,) = kept.glob("*/twin.npz")
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="no intent model"):
        load(weights)
    assert kept_model(tmp_path, kept) is None
    weights.write_bytes(whole)
    assert kept_model(tmp_path, kept) is not None


def test_one_intent_alone_is_refused() -> None:
    with pytest.raises(BadInput, match="two intents"):
        trained([Example("yes", "yes"), Example("yes", "sure")])


def test_two_intents_can_be_told_apart() -> None:
    examples = [Example("yes", text) for text in ("yes", "yes please", "oh yes", "yes sure")]
    examples += [Example(OUT_OF_SCOPE, text) for text in ("the cat", "a cat sat", "cat food", "my cat")]
    twin = trained(examples)
    assert twin.ranking("yes yes")["yes"] > 0.5 > twin.ranking("cats")["yes"]
    unknown = [Example("yes", "yes indeed"), Example(OUT_OF_SCOPE, "yes cat"), Example(OUT_OF_SCOPE, "the cats")]
    assert 0.6 <= calibrated(twin, {"en": unknown}).sure["en"] <= 0.95


def test_the_bar_keeps_out_what_means_nothing(model: SiteModel) -> None:
    """It is the lowest that does: each language has its own."""
    for language in LANGUAGES:
        score = measured(model, language, tuning(language))
        assert score.accepted <= FALSE_ACCEPTANCE * score.outside
        assert score.right >= 0.85 * score.sentences


NEW = {"en": [Example("price", f"what is the damage {word}") for word in ("", "then", "for that", "in all")]}


def test_what_is_learned_is_known_and_stands_in_the_sites_own_sentences(kept: Path, tmp_path: Path) -> None:
    lesson = learn(tmp_path, kept, NEW, lambda _model: [])
    assert lesson.taken, lesson.why
    assert "what is the damage" in own_file(tmp_path, "en").read_text()
    ranking = lesson.model.twin.ranking("what is the damage")
    assert max(ranking, key=lambda intent: ranking[intent]) == "price"
    assert (found := kept_model(tmp_path, kept)) is not None
    assert found.name == lesson.model.name, "a running bot finds it ready"


def test_labels_that_make_the_model_worse_are_not_learned(kept: Path, tmp_path: Path) -> None:
    wrong = [Example("price", example.text) for example in held_out("en") if example.intent == "do_not_call"]
    lesson = learn(tmp_path, kept, {"en": wrong}, lambda _model: [])
    assert not lesson.taken
    assert "worse" in lesson.why
    assert not own_file(tmp_path, "en").exists()


def test_a_model_with_which_a_script_goes_wrong_is_not_taken(kept: Path, tmp_path: Path) -> None:
    told = iter(([], ["visit: an angry caller"]))
    lesson = learn(tmp_path, kept, NEW, lambda _model: next(told))
    assert not lesson.taken
    assert "visit: an angry caller" in lesson.why


def test_own_sentences_are_kept_when_more_is_learned(kept: Path, tmp_path: Path) -> None:
    write_own(tmp_path, "en", [Example("price", "what is the tariff please")])
    assert learn(tmp_path, kept, NEW, lambda _model: []).taken
    own = own_file(tmp_path, "en").read_text()
    assert "what is the tariff please" in own
    assert "what is the damage then" in own
