# Sourced by scripts/serve and scripts/test: the virtual environment in .venv and the system packages it needs.
# Everything is said on standard error. Nothing here asks a question or needs the network twice.

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd -P)
venv=$root/.venv
apt_is_fresh=""

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$0: $*"
    exit 1
}

# install_packages PACKAGE... : Debian packages, as root or with a sudo that needs no password.
install_packages() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || die "missing: $*; run as root: apt-get install $*"
        as_root=(sudo -n)
    fi
    command -v apt-get >/dev/null || die "missing: $*; install them with this system's package manager"
    export DEBIAN_FRONTEND=noninteractive
    if [ -z "$apt_is_fresh" ]; then
        say "apt-get update"
        "${as_root[@]}" apt-get update -qq >&2 || die "apt-get update failed"
        apt_is_fresh=yes
    fi
    say "apt-get install $*"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 ||
        die "apt-get install $* failed"
}

# find_python : the path of a Python >= 3.11 that can make virtual environments; fails when there is none.
# The newest comes last because the phones of the tests (pjsua2-python) exist for Python < 3.13 only.
find_python() {
    local name
    for name in python3.12 python3.11 python3.13 python3.14 python3; do
        if "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

# fingerprint EXTRAS : changes when what is installed in .venv no longer fits pyproject.toml or the place of the clone.
fingerprint() {
    printf '%s %s ' "$root" "$1"
    sha256sum <"$root/pyproject.toml"
}

# make_environment [EXTRAS] : LuaSIP, editable, in .venv, with optional dependencies such as "test,mysql".
make_environment() {
    local extras=${1:-} stamp=$venv/.installed${1:+-$1}
    [ -x "$venv/bin/luasip" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint "$extras")" ] && return
    mkdir -p "$venv"
    # Two starts at one time install one after the other; the server itself must not inherit the lock.
    (
        flock 9
        [ "$(cat "$stamp" 2>/dev/null)" = "$(fingerprint "$extras")" ] && exit 0
        install_luasip "$extras" || exit 1
        fingerprint "" >"$venv/.installed"
        fingerprint "$extras" >"$stamp"
    ) 9>"$venv/.lock" || die "installing LuaSIP into $venv failed"
}

install_luasip() {
    local python
    if ! "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$(find_python) || {
            install_packages python3 python3-venv
            python=$(find_python) || die "no Python 3.11 or newer here; install python3.11 or newer with its venv module"
        }
        say "making $venv with $python"
        # Not --clear: the lock is in there.
        find "$venv" -mindepth 1 -maxdepth 1 ! -name .lock -exec rm -rf {} + || return 1
        "$python" -m venv "$venv" || return 1
    fi
    say "installing LuaSIP${1:+ [$1]} into $venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --editable "$root${1:+[$1]}" >&2
}

# sources : changes with every file a compiled copy is made from, and with the Python it is made for.
sources() {
    "$venv/bin/python" --version
    (cd "$root" && find luasip setup.py pyproject.toml -type f ! -name '*.pyc' ! -name '*.so' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum
}

# can_compile : whether extensions can be built here.
can_compile() {
    command -v "${CC:-cc}" >/dev/null && "$venv/bin/python" - <<'PYTHON'
import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))
PYTHON
}

# make_compiled : a copy of LuaSIP in .venv/compiled, its hot packages compiled (setup.py), for PYTHONPATH; fails where
# that is not possible. The working tree stays plain Python, and a copy of other sources than these is never used.
make_compiled() {
    local stamp=$venv/compiled/.sources failed=$venv/.not-compiled now
    now=$(sources)
    [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return
    [ "$(cat "$failed" 2>/dev/null)" = "$now" ] && return 1
    can_compile || return 1
    (
        flock 9
        [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && exit 0
        say "compiling LuaSIP into $venv/compiled (some minutes, once for each version; LUASIP_PROFILE=0 halves them)"
        new=$(mktemp -d "$venv/compiling.XXXXXX") || exit 1
        trap 'rm -rf "$new"' EXIT
        compile_into "$new" >"$venv/compile.log" 2>&1 || exit 1
        printf '%s\n' "$now" >"$new/.sources"
        rm -rf "$venv/compiled" && mv "$new" "$venv/compiled"
    ) 9>"$venv/.compile-lock" || {
        printf '%s\n' "$now" >"$failed"
        say "not compiled, see $venv/compile.log: going on as plain Python"
        return 1
    }
}

compile_into() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input 'mypy[mypyc]>=2.4,<3' \
        'setuptools>=69' || return 1
    tar -C "$root" --exclude __pycache__ --exclude '*.so' -cf - luasip setup.py pyproject.toml README.md |
        tar -C "$1" -xf - || return 1
    build_in "$1" || return 1
    PYTHONPATH=$1 "$venv/bin/python" -P -c 'import luasip.sip.parser as p, luasip.sip.scanning as s, luasip.script.crossing as c
import luasip.transport.datagrams as d
for module in p, s, c, d: assert module.__file__.endswith(".so"), module'
}

# build_in FOLDER : compile the copy of LuaSIP there, with GCC a second time by what ran in the first build's training.
build_in() {
    if [ "${LUASIP_PROFILE:-1}" != 0 ] && is_gcc && extensions_in "$1" make && train "$1"; then
        find "$1" -name '*.so' -delete
        extensions_in "$1" use || return 1
    else
        rm -rf "$1/build"
        find "$1" -name '*.so' -delete
        extensions_in "$1" "" || return 1
    fi
    rm -rf "$1/build"
}

extensions_in() {
    (cd "$1" && LUASIP_COMPILE=1 LUASIP_PROFILE=$2 "$venv/bin/python" setup.py -q build_ext --inplace)
}

is_gcc() {
    "${CC:-cc}" -v 2>&1 | grep -q '^gcc version'
}

train() {
    PYTHONPATH=$1 timeout 300 "$venv/bin/python" -P "$root/benchmarks/training.py" \
        "$root/benchmarks/route.lua" "$root/lua/default.lua"
}
