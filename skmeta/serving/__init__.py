"""Fitted estimators in other people's programs: ONNX, and what skops and MLflow have to be told of our classes."""

from skmeta.serving.onnx_export import export_onnx

__all__ = ["export_onnx"]
