"""Complaints from the trackers of galley's peers: for each number a test of what is true of galley.

The numbers are those of a list of complaints that was tried with galley; 6, 9 and 47 were never given. Tests that begin
with a number are in `test_complaints_pages.py` and `test_complaints_site.py`. Other complaints have a test in another
module, which ELSEWHERE names. LACKS names one for each thing that users of the peers ask for.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
NUMBERS = {*range(1, 59)} - {6, 9, 47}
ELSEWHERE: dict[int, tuple[str, ...]] = {
    1: (
        "test_build.py::test_what_galley_did_not_make_stays_through_builds",
        "test_build.py::test_the_site_goes_where_mkdocs_settings_say",
        "test_build.py::test_a_folder_that_is_not_galleys_is_refused_and_stays",
    ),
    5: ("test_settings.py::test_a_setting_that_changed_makes_the_record_stale_at_its_line",),
    7: ("test_packages.py::test_another_version_of_a_package_that_no_setting_names_is_drift",),
    8: ("test_session.py::test_a_change_to_what_a_page_used_makes_it_stale_and_no_other",),
    10: ("test_missed.py::test_a_module_that_was_looked_for_in_vain_makes_the_record_stale_when_it_appears",),
    11: ("test_status.py::test_a_profiles_value_makes_its_own_record_stale",),
    12: ("test_cells.py::test_only_what_changes_the_outputs_is_in_a_cells_digest",),
    13: (
        "test_cells.py::test_line_ends_of_any_system_read_alike",
        "test_forged.py::test_what_is_told_of_line_ends_that_git_changed_mends_them",
    ),
    15: (
        "test_spawned.py::test_a_process_sees_the_page_as_it_ran",
        "test_spawned.py::test_a_program_guards_what_must_raise_and_nothing_else",
    ),
    18: ("test_ending.py::test_what_a_page_prints_at_its_end_is_recorded_as_a_program_prints_it",),
    21: ("test_normalise.py::test_a_text_is_recorded_without_what_no_reader_shares",),
    22: ("test_ansi.py::test_colours_are_classes_and_the_rest_is_text",),
    23: (
        "test_render.py::test_recorded_text_is_harmless",
        "test_render.py::test_what_may_be_a_table_keeps_its_columns_and_a_longer_line_wraps",
        "test_render.py::test_how_much_was_cut_is_said",
    ),
    27: (
        "test_languages.py::test_each_page_offers_its_own_files_without_a_plugin",
        "test_languages.py::test_static_i18n_builds_each_language_with_its_own_files_and_links",
    ),
    28: ("test_nested.py::test_the_site_shows_and_offers_a_page_in_a_folder",),
    29: (
        "test_fences.py::test_a_whole_fence_is_one_wherever_it_stands",
        "test_render.py::test_a_fence_is_rendered_wherever_it_may_stand",
    ),
    30: ("test_render.py::test_a_fence_in_a_comment_publishes_nothing",),
    31: ("test_machine.py::test_no_text_names_the_machine_or_galley",),
    32: ("test_serve.py::test_a_page_that_writes_beside_itself_runs_once_for_each_save_of_its_author",),
    33: ("test_export.py::test_the_script_runs_beside_what_it_needs_and_nowhere_else",),
    34: ("test_cells.py::test_an_import_from_the_future_is_refused_where_plain_python_refuses_it",),
    35: ("test_figure.py::test_each_figure_that_is_shown_is_one",),
    36: (
        "test_figure.py::test_ids_are_the_pages_own_and_text_is_escaped",
        "test_shown_again.py::test_each_id_is_there_once_and_is_what_others_refer_to",
    ),
    37: ("test_animation.py::test_a_reader_steps_through_the_frames_and_nothing_moves",),
    38: (
        "test_rows.py::test_a_dataframe_is_a_table",
        "test_rich.py::test_the_record_has_the_plain_text_first_and_each_other_form_beside_it",
    ),
    39: (
        "test_charts.py::test_a_chart_that_nothing_draws_is_its_text_and_the_page_says_what_would_draw_it",
        "test_charts.py::test_a_chart_is_a_still_image_where_its_library_draws_one",
    ),
    40: ("test_await.py::test_a_cell_runs_as_one_task_and_the_loop_is_kept_for_later_cells",),
    41: (
        "test_cells.py::test_a_semicolon_behind_the_last_expression_hides_its_value",
        "test_session.py::test_a_semicolon_hides_the_value_and_makes_a_record_stale",
    ),
    44: (
        "test_seeds.py::test_random_is_seeded_whoever_imports_it",
        "test_seeds.py::test_the_real_numpy_is_seeded",
        "test_session.py::test_every_page_has_a_world_of_its_own",
    ),
    45: (
        "test_config.py::test_every_kind_of_parameter_can_be",
        "test_parameters.py::test_a_literal_reads_back_as_its_value",
    ),
    46: (
        "test_cells.py::test_a_byte_order_mark_is_no_part_of_the_code",
        "test_forged.py::test_a_byte_order_mark_in_a_snippet_file_changes_nothing",
    ),
    48: ("test_platforms.py::test_a_temporary_folder_with_too_long_a_name_is_told_and_mended",),
    49: (
        "test_raises.py::test_a_traceback_has_cause_and_notes_and_the_pages_own_lines",
        "test_raises.py::test_the_members_of_a_group_have_their_own",
    ),
    50: (
        "test_faults.py::test_a_fault_is_told_at_its_line",
        "test_faults.py::test_the_old_record_of_a_page_that_failed_stands_byte_for_byte",
    ),
    52: ("test_store.py::test_a_merge_that_was_not_ended_is_told_as_that",),
    55: ("test_hidden.py::test_a_removed_cell_runs_and_need_not_be_shown",),
    56: ("test_on_code.py::test_the_list_below_stands_behind_the_code",),
}
LACKS: dict[str, tuple[str, ...]] = {
    "HTML, Markdown, LaTeX, JPEG and bundles as values, display()": (
        "test_values.py::test_every_form_is_among_them",
        "test_display.py::test_what_is_shown_stands_in_its_place_among_the_text",
    ),
    "interactive plots: refused with a sentence": (
        "test_rich.py::test_html_that_a_script_makes_is_not_recorded_and_the_page_says_why",
    ),
    "await outside of functions": ("test_await.py::test_the_page_shows_a_cell_that_awaits",),
    "a semicolon": ("test_cells.py::test_a_semicolon_behind_the_last_expression_hides_its_value",),
    "hidden cells, hidden code": ("test_hidden.py::test_each_part_is_on_the_page_that_is_to_be_there",),
    "code that is shown and not run": ("test_hidden.py::test_plain_python_does_not_run_what_is_shown_alone",),
    "a value in prose": ("test_bound.py::test_a_sentence_says_what_a_cell_printed",),
    "colours of a terminal": ("test_ansi.py::test_colours_are_classes_and_the_rest_is_text",),
    "a whole traceback, a superclass, a pattern, a SyntaxError": (
        "test_raises.py::test_a_subclass_will_do_where_the_cell_says_so",
        "test_raises.py::test_a_message_is_a_text_with_gaps",
        "test_raises.py::test_the_page_shows_a_traceback_in_place_of_its_last_line",
        "test_raises.py::test_code_that_python_refuses_is_shown_with_what_python_says",
    ),
    "to run again and compare": ("test_rerun.py::test_a_lie_is_told_at_its_cell_with_a_code_of_its_own",),
    "comparisons of one's own": (
        "test_compare.py::test_a_kind_may_bring_its_own_comparison",
        "test_twice.py::test_a_cell_that_says_why_it_varies_is_recorded_and_compared_no_more",
    ),
    "variables of the shell: refused with a sentence": (
        "test_hints.py::test_a_variable_of_the_shell_is_told_with_the_setting_that_gives_it",
    ),
    "all packages of a page as dependencies": (
        "test_packages.py::test_the_packages_that_a_page_imported_stand_in_its_record_and_are_pinned_in_its_export",
    ),
    "title, hl_lines, linenums, annotations": (
        "test_on_code.py::test_the_options_that_are_about_the_code_need_no_other",
        "test_on_code.py::test_the_list_below_stands_behind_the_code",
    ),
    "snippet files in folders, pages in languages": (
        "test_nested.py::test_the_site_shows_and_offers_a_page_in_a_folder",
        "test_languages.py::test_a_page_s_export_has_the_prose_of_that_page",
    ),
    "commands of a shell, other languages: the latter refused with a sentence": (
        "test_shell.py::test_each_command_has_what_it_wrote_in_the_order_of_a_terminal",
        "test_magics.py::test_what_ipython_takes_is_told_with_its_line_and_what_to_write",
        "test_magics.py::test_another_language_on_a_cell_s_line_is_told",
    ),
    "text and figures in their order": ("test_display.py::test_figures_stand_where_they_were_shown_and_once",),
    "other systems": ("test_platforms.py::test_what_would_run_a_page_says_in_a_sentence_what_it_needs",),
}


@cache
def names_in(module: str) -> frozenset[str]:
    """The names of the tests of a module beside this one."""
    body = ast.parse((HERE / module).read_text(encoding="utf-8")).body
    names = (each.name for each in body if isinstance(each, ast.FunctionDef))
    return frozenset(name for name in names if name.startswith("test_"))


def test_each_complaint_has_a_test() -> None:
    here = {name for path in HERE.glob("test_complaints_*.py") for name in names_in(path.name)}
    numbered = {int(found[1]) for name in here if (found := re.match(r"test_(\d\d)_", name))}
    assert numbered | ELSEWHERE.keys() == NUMBERS
    assert len(NUMBERS) == 55


def test_each_test_that_is_named_for_a_complaint_or_a_lack_is_there() -> None:
    named = [name for table in (ELSEWHERE, LACKS) for names in table.values() for name in names]
    modules = (name.split("::") for name in named)
    assert [f"{module}::{test}" for module, test in modules if test not in names_in(module)] == []
    assert all(names for table in (ELSEWHERE, LACKS) for names in table.values())
