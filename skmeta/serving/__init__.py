"""Fitted estimators in other people's programs: ONNX, and what skops and MLflow have to be told of our classes."""

from skmeta.serving.onnx_export import export_onnx
from skmeta.serving.trusted import trusted_types

__all__ = ["export_onnx", "trusted_types"]
