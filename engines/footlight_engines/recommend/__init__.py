"""Engines that rank the catalogue for a person."""

from __future__ import annotations

from footlight_plugins import EngineSpec, PartRole, PartSpec, UpdateClass, Verb, impl

_ENGINES = (
    EngineSpec(
        name="blend",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="Several engines as one, weighted by what they found of likes that were held out.",
        factory="footlight_engines.recommend.blend:Blend",
        update_class=UpdateClass.BOUNDED,
        can_forget=True,
        rank=50,
        requires=("numba",),
    ),
    EngineSpec(
        name="ease",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="Linear item-to-item model in closed form (EASE): the most accurate one for up to 20,000 items.",
        factory="footlight_engines.recommend.ease:Ease",
        update_class=UpdateClass.BOUNDED,
        can_forget=True,
        rank=40,
        requires=("numba",),
    ),
    EngineSpec(
        name="ials",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="Matrix factorisation of implicit feedback (iALS); people are folded in when they ask.",
        factory="footlight_engines.recommend.ials:Ials",
        update_class=UpdateClass.REFIT,
        rank=8,
        requires=("numba",),
    ),
    EngineSpec(
        name="sequence",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="What follows what, over several gaps and by recency: a sequential recommender made of counts alone.",
        factory="footlight_engines.recommend.sequence:Sequence",
        update_class=UpdateClass.BITWISE,
        can_forget=True,
        needs_training=False,
        rank=5,
        requires=("numba",),
    ),
    EngineSpec(
        name="rp3beta",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="Random walk from your items over the people who like them, less what is popular anyway (RP3beta).",
        factory="footlight_engines.recommend.rp3beta:Rp3Beta",
        update_class=UpdateClass.BITWISE,
        can_forget=True,
        needs_training=False,
        rank=15,
        requires=("numba",),
    ),
    EngineSpec(
        name="item-knn",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="Item-based collaborative filtering: what goes with what you liked (cosine, exactly fresh).",
        factory="footlight_engines.recommend.item_knn:ItemKnn",
        update_class=UpdateClass.CERTIFIED,
        can_forget=True,
        inline=True,
        rank=20,
        requires=("numba",),
    ),
    EngineSpec(
        name="user-knn",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="User-based collaborative filtering: what people like you liked (cosine, no training).",
        factory="footlight_engines.recommend.user_knn:UserKnn",
        update_class=UpdateClass.CERTIFIED,
        can_forget=True,
        needs_training=False,
        inline=True,
        rank=10,
        requires=("numba",),
    ),
    EngineSpec(
        name="cold-start",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="For new people and items: likeness in content, a walk over few likes, the trend, and exploration.",
        factory="footlight_engines.recommend.cold_start:ColdStart",
        update_class=UpdateClass.BITWISE,
        can_forget=True,
        needs_training=False,
        fallback=True,
        rank=-2,  # popular is the better fallback where it was measured
        requires=("numba",),
        reads_catalogue=True,
        explores=True,
    ),
    EngineSpec(
        name="trending",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="What is liked at present: popularity that fades with a half life; answers for people nobody knows.",
        factory="footlight_engines.recommend.trending:Trending",
        update_class=UpdateClass.BITWISE,
        can_forget=True,
        needs_training=False,
        fallback=True,
        rank=-1,
        requires=("numba",),
    ),
    EngineSpec(
        name="knn-baseline",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="Predicts ratings of 1 to 5 stars: baselines of people and items, and how you rated what is like it.",
        factory="footlight_engines.recommend.knn_baseline:KnnBaseline",
        update_class=UpdateClass.BITWISE,
        can_forget=True,
        needs_training=False,
        can_predict=True,
        rank=5,
        requires=("numba",),
    ),
    EngineSpec(
        name="popular",
        verb=Verb.RECOMMEND,
        version="1.0",
        summary="What most people like; answers for people nobody knows.",
        factory="footlight_engines.recommend.popular:Popular",
        update_class=UpdateClass.BITWISE,
        can_forget=True,
        needs_training=False,
        fallback=True,
        inline=True,
    ),
)


@impl
def register_engines() -> list[EngineSpec]:
    """The recommenders."""
    return list(_ENGINES)


@impl
def register_parts() -> list[PartSpec]:
    """What answers of every recommender may pass through."""
    return [
        PartSpec(
            name="marginal-relevance",
            role=PartRole.RE_RANKER,
            version="1.0",
            summary="Far up, and unlike what stands before: serves requests that ask for diversity.",
            factory="footlight_engines.recommend.marginal_relevance:MarginalRelevance",
        )
    ]
