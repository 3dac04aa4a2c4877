"""The parts of the convolutional GANs, against plain ways to compute the same."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import conv2d, interpolate

from footlight_engines.generate import thread_choice
from footlight_engines.generate.conv_networks import ResizeConv
from footlight_engines.generate.conv_options import ImageGanOptions
from footlight_engines.generate.conv_training import ConvTraining
from footlight_engines.generate.diff_augment import cut_out, recoloured, translated
from footlight_engines.generate.heads import head_of
from footlight_engines.generate.image_gan import ImageGan
from footlight_engines.generate.losses import gradient_penalty, relativistic_d, relativistic_g
from footlight_engines.generate.material import Material
from footlight_engines.generate.networks import discriminator_of, generator_of
from footlight_engines.generate.plan import Plan
from footlight_engines.generate.serving import served
from footlight_engines.generate.threads import computing_threads
from footlight_plugins import Call, Corpus, TrainingRun, Wish, WishRefused
from footlight_plugins.testing.generator import write_corpus

TINY: dict[str, Any] = {"steps": 3, "width": 4, "batch_size": 8, "latent": 8, "evaluations": 1, "size": 28}


def test_a_resize_convolution_is_a_convolution_of_the_enlarged() -> None:
    layer, x = ResizeConv(3, 5), torch.randn(2, 3, 6, 7)
    plain = conv2d(interpolate(x, scale_factor=2, mode="nearest"), layer.weight.transpose(0, 1), padding=1)
    assert torch.allclose(layer(x), plain, atol=1e-5)


@pytest.mark.parametrize("recipe", ["fast", "quality"])
@pytest.mark.parametrize(("height", "width"), [(28, 28), (32, 32), (10, 10), (48, 32), (96, 96), (128, 128)])
def test_networks_fit_any_size(recipe: str, height: int, width: int) -> None:
    plan = Plan(3, height, width, latent=8, base=4, classes=2, recipe=recipe)
    z, labels = torch.randn(2, 8), torch.tensor([0, 1])
    made = generator_of(plan)(z, labels)
    assert made.shape == (2, 3, height, width) and discriminator_of(plan)(made, labels).shape == (2, 1)


def test_the_gradient_penalty_of_a_linear_score_is_the_square_of_its_weights() -> None:
    x, w = torch.randn(5, 3, requires_grad=True), torch.tensor([1.0, 2.0, 3.0])
    assert gradient_penalty((x @ w)[:, None], x).item() == pytest.approx(14.0)


def test_the_relativistic_losses_mirror_each_other() -> None:
    a, b = torch.randn(6, 1), torch.randn(6, 1)
    assert relativistic_d(a, b).item() == pytest.approx(relativistic_g(b, a).item())


def test_augmentations_move_cover_and_recolour() -> None:
    generator, x = torch.Generator().manual_seed(0), torch.randn(64, 4, 16, 16)
    moved = translated(x, 1 / 8, 0.0, generator)
    assert moved.shape == x.shape and any(
        torch.equal(a[:, 2:, 2:], b[:, :-2, :-2]) for a, b in zip(moved, x, strict=True)
    )
    turned = translated(x, 1 / 8, None, generator)
    assert torch.allclose(turned.sum((2, 3)), x.sum((2, 3)), atol=1e-3) and not torch.equal(turned, x)
    covered = (cut_out(x, 1 / 2, 0.0, generator) == 0).float().mean()
    assert 0.1 < covered < 0.26
    assert torch.equal(recoloured(x, generator)[:, 3], x[:, 3])


@pytest.mark.parametrize(
    ("kind", "options", "content"),
    [
        ("image", 0, torch.randint(0, 256, (2, 4, 5, 5), dtype=torch.uint8)),
        ("surface", 0, torch.rand(2, 5, 5) * 2 - 1),
        ("tiles", 3, torch.randint(0, 3, (2, 5, 5), dtype=torch.uint8)),
        ("voices", 6, torch.randint(0, 6, (2, 4, 8), dtype=torch.uint8)),
    ],
)
def test_content_survives_the_networks_view_of_it(kind: str, options: int, content: torch.Tensor) -> None:
    head = head_of(kind, options)
    assert np.allclose(head.decode(head.encode(content)), content.numpy(), atol=1e-6)


def test_choices_are_hard_and_let_gradients_pass() -> None:
    logits = torch.randn(2, 3, 4, 4, requires_grad=True)
    made = head_of("tiles", 3).activate(logits)
    assert torch.allclose(made.sum(1), torch.ones(2, 4, 4)) and torch.allclose(made, made.round(), atol=1e-6)
    (made * torch.arange(3.0)[:, None, None]).sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None and logits.grad.abs().sum() > 0


def corpus(folder: Path, count: int = 60, folders: str = "ab") -> Corpus:
    files = {}
    for i in range(count):
        buffer = io.BytesIO()
        colour = np.random.default_rng(i).integers(0, 255, (28, 28, 3), dtype=np.uint8)
        Image.fromarray(colour).save(buffer, "PNG")
        files[f"{folders[i % len(folders)]}/{i}.png"] = buffer.getvalue()
    return write_corpus(folder, files)


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> ImageGan:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("painter")
    engine = ImageGan(ImageGanOptions(**TINY))
    engine.train(corpus(folder), TrainingRun(0, folder / "job", lambda *_: None))
    return engine


def test_a_class_can_be_chosen_and_an_unknown_one_is_refused(painter: ImageGan) -> None:
    seeds = np.arange(3)
    made = [painter.generate_as(seeds, Wish(name), Call()) for name in ("a", "b")]
    assert [one.data for one in made[0]] != [one.data for one in made[1]]
    with pytest.raises(WishRefused, match="one of 'a', 'b', not"):
        painter.generate_as(seeds, Wish("castle"), Call())


def test_many_folders_are_no_classes(tmp_path: Path) -> None:
    engine = ImageGan(ImageGanOptions(**TINY, most_classes=2))
    engine.train(corpus(tmp_path, folders="abc"), TrainingRun(0, tmp_path / "job", lambda *_: None))
    with pytest.raises(WishRefused, match="more than its option most_classes"):
        engine.generate_as(np.arange(1), Wish("a"), Call())


def test_without_a_wish_the_class_is_left_open(painter: ImageGan) -> None:
    assert set(painter._labels(np.arange(40), "")) == {painter.trained().plan.classes - 1} == {2}


def test_a_model_that_knows_no_open_class_draws_classes_as_frequent_as_in_the_corpus(painter: ImageGan) -> None:
    model = painter.trained()
    painter._model = replace(model, plan=replace(model.plan, classes=2), shares=(0.25, 0.75))
    shares = painter._labels(np.arange(400), "").mean()
    painter._model = model
    assert shares == pytest.approx(0.75, abs=0.1)


def test_the_way_between_two_seeds_begins_and_ends_with_them(painter: ImageGan) -> None:
    way = painter.on_the_way(3, 9, np.linspace(0, 1, 5), Wish("a"))
    assert np.abs(way[[0, -1]].astype(int) - painter.drawn(np.array([3, 9]), Wish("a"))).max() <= 1


def test_a_way_can_be_animated(painter: ImageGan) -> None:
    (content,) = painter.interpolate(3, 9, np.linspace(0, 1, 5), Wish(), True, Call())
    image = Image.open(io.BytesIO(content.data))
    assert content.media_type == "image/webp" and image.n_frames == 5  # type: ignore[attr-defined]


def test_few_samples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 50"):
        ImageGan(ImageGanOptions(**TINY)).train(corpus(tmp_path, 49), TrainingRun(0, tmp_path, lambda *_: None))


def test_a_loss_that_is_no_number_ends_the_training_with_its_reason(tmp_path: Path) -> None:
    content = np.full((60, 28, 28), np.nan, np.float32)
    material = Material("surface", 0, (1, 28, 28), content, np.zeros(60, np.int64))
    training = ConvTraining(material, ImageGanOptions(**TINY), TrainingRun(0, tmp_path, lambda *_: None))
    with pytest.raises(ArithmeticError, match="no longer finite"):
        training.train()


def noise(count: int, seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).uniform(-1, 1, (count, 28, 28)).astype(np.float32)


def training_of(folder: Path, heldout: int = 0, **options: Any) -> ConvTraining:
    known = np.zeros(60, np.int64)
    material = Material("surface", 0, (1, 28, 28), noise(60, 0), known, heldout=noise(heldout, 1) if heldout else None)
    run = TrainingRun(0, folder, lambda *_: None, curves=folder / "curves")
    return ConvTraining(material, ImageGanOptions(**{**TINY, **options}), run)


def test_a_device_that_is_full_halves_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = training_of(tmp_path)
    step, batches = training._step, list[int]()

    def cramped() -> dict[str, float]:
        batches.append(training._batch)
        if training._batch > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return step()

    monkeypatch.setattr(training, "_step", cramped)
    assert training.train()["steps"] == 3 and batches == [8, 4, 2, 2, 2]


def test_trials_of_threads_change_nothing_that_is_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LOOK_SECONDS", 0.0), ("AGAIN_SECONDS", 0.0), ("CLEARLY", 1e9)):
        monkeypatch.setattr(thread_choice, name, value)
    tried, untried = training_of(tmp_path / "a"), training_of(tmp_path / "b", threads=2)
    trial, trials = tried._try, list[int]()

    def counted() -> None:
        trials.append(tried.steps)
        trial()

    monkeypatch.setattr(tried, "_try", counted)
    with computing_threads(2):
        assert tried.train()["loss_d"] == untried.train()["loss_d"] and len(trials) == 12
    assert all(map(torch.equal, tried._g.state_dict().values(), untried._g.state_dict().values()))


def test_steps_on_one_thread_are_counted_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LOOK_SECONDS", 0.0), ("CLEARLY", 0.0)):
        monkeypatch.setattr(thread_choice, name, value)
    with computing_threads(2):
        assert training_of(tmp_path).train()["steps_on_one_thread"] == 3
    assert training_of(tmp_path).train()["steps_on_one_thread"] == 3


def test_a_device_too_small_for_two_samples_ends_the_training_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = training_of(tmp_path)

    def full() -> dict[str, float]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(training, "_step", full)
    with pytest.raises(MemoryError, match="too little memory"):
        training.train()


def test_a_training_stops_when_d_learns_by_heart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = training_of(tmp_path, heldout=40, steps=10, evaluations=10)
    scores = iter([1.0, 0.5, 0.0] + [1.0, 0.0, 0.0] * 9)  # of what is known, held out and made, at each measurement
    monkeypatch.setattr(training._judge, "_score", lambda *_: next(scores))
    figures = training.train()
    assert figures["steps"] == 3 and figures["overfit"] == 1.0


def test_the_last_state_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = training_of(tmp_path, heldout=40, evaluations=2)
    look, at = training._judge.look, list[int]()

    def noted(*networks: Any) -> Any:
        at.append(training.steps)
        return look(*networks)

    monkeypatch.setattr(training._judge, "look", noted)
    training.train()
    assert at == [2, 3]


def test_without_held_out_content_nothing_is_said_of_overfitting(tmp_path: Path) -> None:
    assert "overfit" not in training_of(tmp_path).train()


def test_curves_and_samples_are_written_for_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    training = training_of(tmp_path, heldout=40)
    training.train()
    written = b"".join(path.read_bytes() for path in (tmp_path / "curves").glob("events.*"))
    assert all(name in written for name in (b"distance", b"overfit", b"loss_d", b"samples"))


@pytest.mark.parametrize("modulated", [False, True])
@pytest.mark.parametrize(("classes", "depth", "size"), [(0, 0, 32), (3, 2, 10), (0, 1, 28)])
def test_what_serves_computes_what_was_trained(classes: int, depth: int, size: int, modulated: bool) -> None:
    network = generator_of(Plan(3, size, size, 8, 4, classes, depth=depth, modulated=modulated)).eval()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d) and layer.running_mean is not None and layer.running_var is not None:
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
            for values in layer.parameters():
                torch.nn.init.normal_(values)
    z, labels = torch.randn(5, 8), torch.randint(0, max(classes, 1), (5,))
    assert torch.allclose(served(network, False)(z, labels), network(z, labels), atol=1e-4)
    near = (served(network, True)(z, labels) - network(z, labels)).abs().mean() / network(z, labels).abs().mean()
    assert near < 0.03


def test_an_empty_picture_is_drawn_again_from_the_next_latent_of_its_seed(painter: ImageGan) -> None:
    model, tried = painter.trained(), []

    def mapped(z: Any, labels: Any) -> Any:
        tried.append(z.copy())
        full = np.full((len(z), 4, 28, 28), 255, np.uint8)
        full[:, 3] = np.where(len(tried) > 2, 255, 0)
        return full

    painter._model = replace(model, meta={**model.meta, "empty": 0.01, "made_empty": 1.0})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painter, "mapped", mapped)
        z, made = painter.drawn_from(np.array([5, 7]), Wish())
    painter._model = model
    assert (made[:, 3] == 255).all() and len(tried) == 3
    assert np.array_equal(z[1], np.random.default_rng(7).standard_normal((3, 8), np.float32)[2])


def test_as_many_empty_pictures_are_left_as_the_corpus_has(painter: ImageGan) -> None:
    model = painter.trained()

    def mapped(z: Any, labels: Any) -> Any:
        full = np.full((len(z), 4, 28, 28), 255, np.uint8)
        full[z[:, 0] > 0.8, 3] = 0  # every fifth
        return full

    painter._model = replace(model, meta={**model.meta, "empty": 0.04, "made_empty": 0.21})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painter, "mapped", mapped)
        made = painter.drawn(np.arange(4_000))
    painter._model = model
    assert (made[:, 3] == 0).all((1, 2)).mean() == pytest.approx(0.04, abs=0.008)


@pytest.mark.parametrize("recipe", ["fast", "quality"])
def test_a_narrowed_network_makes_of_a_latent_what_it_made_of_a_nearer_one(recipe: str) -> None:
    network = generator_of(Plan(4, 32, 32, 8, 4, classes=3, recipe=recipe, modulated=recipe == "fast")).eval()
    z, labels = torch.randn(5, 8), torch.randint(0, 3, (5,))
    before = network(z * 0.8, labels)
    network.narrow(0.8)  # type: ignore[operator]  # every generator can
    assert torch.allclose(network(z, labels), before, atol=1e-5)


def test_latents_are_spread_as_brings_what_is_made_nearest_to_what_is_learned_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = training_of(tmp_path)._judge
    monkeypatch.setattr(judge._features, "distance", lambda real, made: abs(float(real.std() - made.std())))
    assert judge.spread(SpreadOut(), 1.0) == 1.0
    assert judge.spread(SpreadOut(), 0.5) == pytest.approx(0.8)


class SpreadOut(torch.nn.Module):
    """Makes noise as even as that of `noise` of latents a fifth nearer to the middle than those that it is given."""

    def forward(self, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """(B, 8) and (B,) to (B, 1, 28, 28)."""
        even = 2 * torch.special.ndtr(z / 0.8).repeat(1, 98).view(-1, 1, 28, 28) - 1
        return torch.atanh(even.clamp(-0.9999, 0.9999))
