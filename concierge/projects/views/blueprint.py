"""The blueprint that the pages of projects hang on."""

from flask import Blueprint

from concierge.projects import reasons, verdict, words

bp = Blueprint("projects", __name__)
bp.add_app_template_filter(verdict.sentence, "verdict")
bp.add_app_template_filter(verdict.pill_words, "pill_words")
bp.add_app_template_filter(verdict.health_words, "health_words")
bp.add_app_template_filter(verdict.cause_words, "cause_words")
bp.add_app_template_filter(verdict.conflict_words, "conflict_words")
bp.add_app_template_filter(verdict.wait_words, "wait_words")
bp.add_app_template_filter(lambda project: verdict.LOOKS[project.health][0], "health_state")
bp.add_app_template_filter(lambda project: verdict.LOOKS[project.health][1], "health_icon")
bp.add_app_template_filter(reasons.words_of_row, "reason_words")
bp.add_app_template_filter(words.baseline_name, "baseline_name")
bp.add_app_template_filter(words.change_title, "change_title")
bp.add_app_template_filter(words.baseline_note, "baseline_note")
bp.add_app_template_filter(words.chance_words, "chance_words")
bp.add_app_template_filter(words.basis_words, "basis_words")
