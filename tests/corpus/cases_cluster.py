"""On a cluster: `make cluster-test`."""

from tests.corpus.case import TestedElsewhere
from tests.corpus.table import AnyCase


def held(name: str, what: str, happens: str, file: str, test: str) -> TestedElsewhere:
    return TestedElsewhere(f"cluster-{name}", what, happens, f"tests/{file}.py::test_{test}")


STORAGE, SURVIVAL, HDFS, HADOOP = (
    "cluster/test_storage",
    "cluster/test_survival",
    "test_hdfs",
    "test_hadoop",
)

CASES: list[AnyCase] = [
    held(
        "names",
        "odd names in HDFS",
        "listed and read as they were written",
        STORAGE,
        "a_name_is_listed_and_read_as_it_was_written",
    ),
    held(
        "hidden",
        "hidden names, and what is still being put",
        "named with the reason",
        STORAGE,
        "what_is_hidden_or_still_being_put_is_named_with_its_reason",
    ),
    held(
        "denied-folder",
        "a folder that must not be read",
        "named; the others are listed",
        STORAGE,
        "a_folder_that_must_not_be_read_is_named_and_the_others_are_listed",
    ),
    held(
        "denied-file",
        "a file that must not be read",
        "listed and refused",
        STORAGE,
        "a_file_that_must_not_be_read_is_listed_and_refused",
    ),
    held("gone", "what is not there", "told, and no error", STORAGE, "what_is_not_there"),
    held(
        "empty",
        "an empty file",
        "read as such",
        STORAGE,
        "an_empty_file_and_the_beginning_of_a_large_one",
    ),
    held(
        "replace",
        "a small file replaced",
        "nothing beside it",
        STORAGE,
        "a_small_file_is_replaced_and_leaves_nothing_beside_it",
    ),
    held(
        "cut-off",
        "a job cut off while it wrote",
        "does not stop the next",
        STORAGE,
        "a_job_that_was_cut_off_while_it_wrote_does_not_stop_the_next",
    ),
    held(
        "private",
        "a private file that was open to all before",
        "its owner's alone",
        STORAGE,
        "a_private_file_is_its_owners_alone_even_if_it_was_open_before",
    ),
    held(
        "lock",
        "two jobs on one root in HDFS",
        "one holder; free when it is given back",
        STORAGE,
        "a_lock_has_one_holder_and_is_free_again_when_it_is_given_back",
    ),
    held(
        "not-owner",
        "a folder of somebody else",
        "refused in a sentence",
        STORAGE,
        "a_folder_of_somebody_else_is_refused_in_a_sentence",
    ),
    held(
        "data-node",
        "a data node killed during a job",
        "the job ends well",
        SURVIVAL,
        "a_job_outlives_a_data_node",
    ),
    held(
        "node-manager",
        "a node manager killed during a job",
        "the job ends well",
        SURVIVAL,
        "a_job_outlives_a_node_manager",
    ),
    held(
        "driver",
        "the driver inside the cluster killed",
        "the job ends well",
        SURVIVAL,
        "a_job_whose_driver_is_inside_the_cluster_outlives_the_driver",
    ),
    held(
        "safe-mode",
        "a job in safe mode",
        "one sentence",
        SURVIVAL,
        "a_job_in_safe_mode_says_so_in_a_sentence",
    ),
    held(
        "full-node",
        "a data node with a full disk",
        "stops neither put nor job",
        SURVIVAL,
        "a_data_node_with_a_full_disk_stops_neither_put_nor_job",
    ),
    held("two-jobs", "two jobs at once", "both end", SURVIVAL, "two_jobs_at_once_both_end"),
    held(
        "manager-down",
        "a resource manager that is down",
        "told after a few tries",
        HADOOP,
        "a_resource_manager_that_is_down_is_told_after_a_few_tries",
    ),
    held(
        "manager-pair",
        "one of two resource managers down",
        "the other is enough",
        HADOOP,
        "one_of_two_resource_managers_is_enough",
    ),
    held(
        "name-node-mute",
        "a name node that does not answer",
        "told within seconds",
        HDFS,
        "a_name_node_that_does_not_answer_is_told_within_seconds",
    ),
    held(
        "settings-broken",
        "settings of Hadoop that are no XML",
        "named",
        HDFS,
        "settings_that_are_no_xml_are_named",
    ),
    held(
        "key-nowhere",
        "the key in plans, event logs, pages, process lists",
        "told nowhere",
        "cluster/test_key",
        "the_key_is_told_nowhere",
    ),
]
