"""The training loop. Knows neither Ray nor MLflow."""
