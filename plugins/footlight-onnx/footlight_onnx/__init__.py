"""Models in ONNX, as recommenders, as generators and as embedders of pictures: a Footlight plug-in."""

from __future__ import annotations

from footlight_plugins import EmbedderRole, EmbedderSpec, EngineSpec, UpdateClass, Verb, impl


@impl
def register_engines() -> list[EngineSpec]:
    """A recommender and a generator."""
    return [
        EngineSpec(
            name="onnx-recommender",
            verb=Verb.RECOMMEND,
            version="1.0",
            summary="Ranks by a model in ONNX: what somebody met goes in, a score for each item comes out.",
            factory="footlight_onnx.recommender:OnnxRecommender",
            options="footlight_onnx.options:RecommenderOptions",
            update_class=UpdateClass.BITWISE,
            can_forget=True,
            reads_catalogue=True,
            rank=-5,
            requires=("onnxruntime",),
        ),
        EngineSpec(
            name="onnx-generator",
            verb=Verb.GENERATE,
            version="1.0",
            summary="Makes content by a model in ONNX: noise goes in, pictures or arrays come out.",
            factory="footlight_onnx.generator:OnnxGenerator",
            options="footlight_onnx.options:GeneratorOptions",
            rank=-5,
            requires=("onnxruntime", "PIL"),
        ),
    ]


@impl
def register_embedders() -> list[EmbedderSpec]:
    """Of pictures. Its rank is low: where nobody names it, there need not be a model."""
    return [
        EmbedderSpec(
            name="onnx-images",
            version="1.0",
            summary="Embeds pictures by a model in ONNX: image-embedder.onnx of the operator's folder.",
            factory="footlight_onnx.pictures:OnnxImageEmbedder",
            requires=("onnxruntime", "PIL"),
            rank=-5,
            role=EmbedderRole.IMAGE,
            api_version=2,
        )
    ]
