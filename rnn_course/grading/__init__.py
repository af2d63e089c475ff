"""Grading: a learner's notebook runs in a process of its own; its answers are checked in one that can be trusted."""

from rnn_course.grading.notebook import Limits, NotebookResult, check_notebook

__all__ = ["Limits", "NotebookResult", "check_notebook"]
