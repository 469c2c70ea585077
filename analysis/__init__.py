"""Answers: records in, tables out. Imports neither torch nor ray nor mlflow."""
