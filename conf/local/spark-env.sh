# Which Java and which Python Spark runs on. Every Spark command reads this file before it starts.
# `bootstrap` fills in the words between at signs and puts it beside Spark.

# Python: the environment's, for the driver and for the workers, or workers would take whatever
# `python3` comes first on the path. One that you set yourself is left alone.
PYSPARK_PYTHON=${PYSPARK_PYTHON:-@PYTHON@}
PYSPARK_DRIVER_PYTHON=${PYSPARK_DRIVER_PYTHON:-$PYSPARK_PYTHON}

# Java: JAVA_HOME is always the environment itself, whose bin/java passes everything on to the Java
# that SILGEOM_JAVA_HOME names, less what only causes warnings. That is the one bootstrap found; a
# JAVA_HOME that you have set since is followed if it is new enough.
if [ -z "${SILGEOM_JAVA_HOME:-}" ]; then
    SILGEOM_JAVA_HOME=@JAVA_HOME@
    case ${JAVA_HOME:-} in
    '' | @VENV@ | @SEEN_JAVA_HOME@) ;;
    *)
        silgeom_version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$JAVA_HOME/release" 2>/dev/null)
        if [ -x "$JAVA_HOME/bin/java" ] && [ "${silgeom_version:-17}" -ge 17 ]; then
            SILGEOM_JAVA_HOME=$JAVA_HOME
        else
            echo "JAVA_HOME=$JAVA_HOME is no Java 17 or newer: using $SILGEOM_JAVA_HOME" >&2
        fi
        unset silgeom_version
        ;;
    esac
fi
JAVA_HOME=@VENV@

# One machine talks to itself: nothing listens on the network, and a host name that nobody can
# resolve does no harm. To submit to a cluster from here, set SPARK_LOCAL_IP, or SPARK_CONF_DIR.
SPARK_LOCAL_IP=${SPARK_LOCAL_IP:-127.0.0.1}

# Only with UTF-8 can Java open every file whose name has Hangul in it; what is printed stays in the
# terminal's own characters.
if [ "$(uname -s)" = Linux ]; then
    case ${LC_ALL:-${LC_CTYPE:-${LANG:-C}}} in
    C | POSIX) LC_ALL=C.UTF-8 ;;
    *.[Ee][Uu][Cc][Kk][Rr] | *.[Ee][Uu][Cc]-[Kk][Rr])
        PYTHONIOENCODING=${PYTHONIOENCODING:-euc-kr}
        LC_ALL=C.UTF-8
        ;;
    esac
fi

# Java knows a user without an entry in /etc/passwd (docker run -u 12345) by no name.
if ! id -un >/dev/null 2>&1; then
    echo "user id $(id -u) has no entry in /etc/passwd, and Hadoop takes no user without a name:" \
        "add a line to it, or run this as another user" >&2
    exit 2
fi
