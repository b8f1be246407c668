"""Files that are out of reach, damaged, renamed, gone, or read in another way."""

from tests.corpus.case import TestedElsewhere
from tests.corpus.table import AnyCase


def held(name: str, what: str, happens: str, file: str, test: str) -> TestedElsewhere:
    return TestedElsewhere(f"landing-{name}", what, happens, f"tests/{file}.py::test_{test}")


INTAKE, INSPECTION, LEDGER, JOBS = "test_intake", "test_inspection", "test_ledger", "test_jobs"
PASSES = "what_passes_is_held_against_no_file_and_the_next_run_takes_it_in"
MID_READ = "a_file_lost_in_mid_read_stops_nobody_and_a_damaged_one_is_told_from_it"
AS_BEFORE = "files_are_read_again_as_they_were_read_and_only_on_purpose_in_another_way"
RENAMED = "deleted_files_keep_their_rows_until_told_otherwise_and_renamed_ones_are_known"
DAMAGE = "bytes_that_cannot_be_unpacked_are_held_against_the_file"

CASES: list[AnyCase] = [
    held(
        "checksum-fails",
        "an input/output error while a file's checksum is made",
        "named; its rows stay, the others are done, status 3; the next run takes it in",
        INTAKE,
        PASSES,
    ),
    held(
        "head-fails",
        "a permission that lacks when a file's beginning is read",
        "named; no entry in the ledger; the next run takes it in",
        INTAKE,
        PASSES,
    ),
    held(
        "nothing-in-reach",
        "the only file of a new root out of reach",
        "a sentence; no root is made",
        INTAKE,
        PASSES,
    ),
    held(
        "status-3",
        "a file out of reach while a board is asked for",
        "the board is made, one sentence names the file, status 3",
        JOBS,
        "a_file_out_of_reach_is_named_the_result_is_made_and_the_status_says_run_it_again",
    ),
    held("vanishes", "a file that goes in mid-read", "named; the others go on", INTAKE, MID_READ),
    held(
        "comes-back",
        "a file that is half there in mid-read and whole again",
        "taken in whole by the same run",
        INTAKE,
        MID_READ,
    ),
    held(
        "half-delivered",
        "a storage that gives half of a file",
        "asked again; never held against the file",
        INSPECTION,
        "half_of_a_file_from_a_failing_node_is_no_damage",
    ),
    held(
        "shorter",
        "a file that becomes shorter while it is looked at",
        "named, left to the next run",
        INSPECTION,
        "a_file_that_became_shorter_while_it_was_looked_at_is_out_of_reach",
    ),
    held(
        "folder-unlisted",
        "a folder that cannot be listed, and --forget-missing",
        "named; no file below it counts as gone",
        INTAKE,
        "a_folder_that_cannot_be_listed_is_named_and_its_files_are_not_taken_for_gone",
    ),
    held("cut-off", "gzip, bzip2 or Parquet cut off", "set aside", INSPECTION, DAMAGE),
    held(
        "overwritten", "gzip, bzip2 or Parquet overwritten inside", "set aside", INSPECTION, DAMAGE
    ),
    held(
        "named-always",
        "a file set aside in an earlier run",
        "named by every run; `--retry` reads it again",
        INTAKE,
        MID_READ,
    ),
    held(
        "tried-once",
        "`--format` in every run, and a file that it does not fit",
        "tried once in each way, not in every run",
        LEDGER,
        "a_file_that_no_format_fitted_is_tried_once_in_each_way_that_is_said",
    ),
    held(
        "set-aside-before",
        "what an earlier version set aside because a node was away",
        "tried again by itself",
        "test_ledger_migration",
        "what_passed_is_forgotten_so_that_it_is_tried_again_and_the_rest_stays",
    ),
    held(
        "old-ledger",
        "a ledger without the columns of how a file was read",
        "read; its files stay known",
        INTAKE,
        "a_ledger_of_before_is_read_and_its_files_stay_known",
    ),
    held(
        "other-options",
        "a neighbour replaced in a run with another zone, date and no declaration",
        "a file is read again as it was read before",
        INTAKE,
        AS_BEFORE,
    ),
    held(
        "reread",
        "a wrong zone",
        "`--reread` reads the files again as the run says",
        INTAKE,
        AS_BEFORE,
    ),
    held("reread-nothing", "`--reread` of no file there", "one sentence", INTAKE, AS_BEFORE),
    held(
        "columns-turned",
        "new content of a declared file with its columns in another order",
        "not read by the old places",
        INSPECTION,
        "new_content_keeps_the_format_that_was_declared_once_while_it_fits",
    ),
    held("deleted", "a file deleted", "its rows stay, and it is counted", INTAKE, RENAMED),
    held(
        "forgotten",
        "a file deleted, and `--forget-missing`",
        "the rows are those of a clean run",
        INTAKE,
        RENAMED,
    ),
    held("emptied", "`--forget-missing` on an empty folder", "refused", INTAKE, RENAMED),
    held("renamed", "a file renamed, and a new one with its name", "one is read", INTAKE, RENAMED),
    held(
        "rotated",
        "logs rotated: log, log.1, log.2",
        "the fresh one alone is read",
        LEDGER,
        "rotated_logs_are_moved_names_and_only_the_fresh_one_is_read",
    ),
    held(
        "swapped",
        "two files that change names",
        "nothing is read",
        LEDGER,
        "two_files_that_change_names_are_both_renamed",
    ),
    held(
        "original-deleted",
        "the original of two equal files deleted",
        "the copy takes its rows over",
        LEDGER,
        "a_copy_takes_over_when_the_file_that_was_read_is_deleted",
    ),
    held(
        "due",
        "a line two hours ahead of the clock",
        "taken in by the first run after it is due",
        INTAKE,
        "lines_of_the_future_are_taken_in_when_their_time_has_come",
    ),
    held(
        "due-often",
        "lines that fall due one by one",
        "looked at once an hour",
        LEDGER,
        "lines_that_fall_due_one_by_one_are_looked_at_once_an_hour",
    ),
    held(
        "root-inside",
        "the root in the landing folder, also by a link",
        "refused; nothing made",
        INTAKE,
        "root_and_landing_folder_in_each_other_are_refused",
    ),
]
