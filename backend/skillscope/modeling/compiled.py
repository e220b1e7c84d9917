"""The regressors of a bundle as one ONNX graph: a single row costs tens of microseconds instead of milliseconds.

The sums are XGBoost's own, to the last bit: 32-bit, the base score first (as a tree of one leaf), then the trees in
their order, on one thread.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from xgboost import Booster

from skillscope.errors import BundleError
from skillscope.skills import SKILLS, Skill

__all__ = ["CompiledModels"]

Floats = NDArray[np.float64]

# ai.onnx.ml 3 is the last operator set in which TreeEnsembleRegressor is not deprecated
_ML_OPSET: Final = 3
_OPSET: Final = 17
_IR_VERSION: Final = 8


class CompiledModels:
    """All regressors in one ONNX Runtime session that runs on the calling thread."""

    def __init__(self, graph: bytes | None, columns: tuple[int, ...]) -> None:
        """Of a graph with one target a column, or of none where there are no columns."""
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = graph and InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._columns = list(columns)

    @classmethod
    def of(cls, models: Mapping[Skill, Booster], places: Mapping[Skill, Iterable[int]], width: int) -> Self:
        """Compile the regressors of these skills over rows of `width` columns.

        Args:
            models: by skill, the regressor.
            places: by skill, which column of a row each of its features is.
            width: columns of a row.

        Raises:
            BundleError: a model is no sum of ordinary regression trees.
        """
        nodes = _Nodes()
        columns = tuple(column for column, skill in enumerate(SKILLS) if skill in models)
        for target, column in enumerate(columns):
            skill = SKILLS[column]
            try:
                learner = json.loads(bytes(models[skill].save_raw("json")))["learner"]
                nodes.add_model(learner, target, [int(place) for place in places[skill]])
            except (KeyError, ValueError) as error:
                raise BundleError(f"the {skill} regressor is no sum of regression trees: {error}") from error
        return cls(nodes.graph(width, len(columns)) if columns else None, columns)

    def predict(self, rows: Floats) -> Floats:
        """Raw scores (n, 4) in the order of `SKILLS`, not clipped, of rows (n, width); NaN is missing.

        A skill without a regressor is NaN.
        """
        scores = np.full((len(rows), len(SKILLS)), np.nan)
        if len(rows) and self._session:
            with np.errstate(over="ignore"):  # beyond 32 bits is infinite, as in XGBoost
                narrow = rows.astype(np.float32)
            scores[:, self._columns] = self._session.run(None, {"rows": narrow})[0]
        return scores


class _Nodes:
    """The attributes of one TreeEnsembleRegressor node, tree by tree."""

    def __init__(self) -> None:
        self._trees = 0
        self._splits: dict[str, list[Any]] = {
            name: []
            for name in (
                "nodes_treeids",
                "nodes_nodeids",
                "nodes_featureids",
                "nodes_values",
                "nodes_modes",
                "nodes_truenodeids",
                "nodes_falsenodeids",
                "nodes_missing_value_tracks_true",
                "target_treeids",
                "target_nodeids",
                "target_ids",
                "target_weights",
            )
        }

    def add_model(self, learner: dict[str, Any], target: int, places: Sequence[int]) -> None:
        """Add the base score and the trees of an XGBoost learner in its JSON form."""
        booster = learner["gradient_booster"]
        if booster["name"] != "gbtree" or learner["objective"]["name"] != "reg:squarederror":
            raise ValueError(f"{booster['name']} with {learner['objective']['name']}")
        (base,) = json.loads(f"[{learner['learner_model_param']['base_score'].strip('[]')}]")
        self._leaf(0, float(base), target)
        self._trees += 1
        for tree in booster["model"]["trees"]:
            if any(tree["split_type"]):
                raise ValueError("splits on categories")
            self._tree(tree, target, places)
            self._trees += 1

    def _tree(self, tree: dict[str, Any], target: int, places: Sequence[int]) -> None:
        parts = ("left_children", "right_children", "split_indices", "split_conditions", "default_left")
        for node, (left, right, feature, value, missing_left) in enumerate(
            zip(*(tree[part] for part in parts), strict=True)
        ):
            if left == -1:
                self._leaf(node, value, target)
            else:
                self._node(node, "BRANCH_LT", (places[feature], value, left, right, missing_left))

    def _leaf(self, node: int, value: float, target: int) -> None:
        self._node(node, "LEAF", (0, 0.0, 0, 0, 0))
        values = (self._trees, node, target, value)
        for name, item in zip(("treeids", "nodeids", "ids", "weights"), values, strict=True):
            self._splits[f"target_{name}"].append(item)

    def _node(self, node: int, mode: str, split: tuple[int, float, int, int, int]) -> None:
        feature, value, left, right, missing_left = split
        values = (self._trees, node, feature, value, mode, left, right, int(missing_left))
        names = [name for name in self._splits if name.startswith("nodes_")]
        for name, item in zip(names, values, strict=True):
            self._splits[name].append(item)

    def graph(self, width: int, targets: int) -> bytes:
        """The ONNX model: input `rows` (n, width), output `scores` (n, targets), both 32-bit."""
        from onnx import TensorProto, helper

        node = helper.make_node("TreeEnsembleRegressor", ["rows"], ["scores"], domain="ai.onnx.ml")
        node.attribute.append(helper.make_attribute("n_targets", targets))
        node.attribute.extend(helper.make_attribute(name, values) for name, values in self._splits.items())
        graph = helper.make_graph(
            [node],
            "skillscope",
            [helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, width])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, targets])],
        )
        opsets = [helper.make_opsetid("ai.onnx.ml", _ML_OPSET), helper.make_opsetid("", _OPSET)]
        return bytes(helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString())
