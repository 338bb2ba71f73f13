# Says why a wheel could not be built, as far as the output of the build shows it.
# Arguments: a file with the output, and the source.
log=$1 source=$2
say() { echo "pybuild: $*" >&2; }
shows() { grep -qE -e "$1" "$log"; }
# The first part of the output that fits, less what stands around it: $1 finds the line, $2 is for sed.
part() { grep -E -e "$1" "$log" | sed -nE "$2" | head -n 1; }
# The name of a package: for Debian and Ubuntu, Alpine, Fedora and its kin.
package() {
    if command -v apk >/dev/null 2>&1; then echo "$2"
    elif command -v dnf >/dev/null 2>&1 || command -v microdnf >/dev/null 2>&1; then echo "$3"
    else echo "$1"; fi
}
needs() { # what is missing, and the packages that have it
    say "$1: name $(package "$2" "$3" "$4") in [system] build"
}
header() {
    case $1 in
    Python.h) needs "$2" python3-dev python3-dev python3-devel ;;
    ffi.h) needs "$2" libffi-dev libffi-dev libffi-devel ;;
    openssl/*) needs "$2" libssl-dev openssl-dev openssl-devel ;;
    libpq-fe.h | pg_config.h | postgres.h) needs "$2" libpq-dev libpq-dev libpq-devel ;;
    mysql.h | mysql/*) needs "$2" "default-libmysqlclient-dev and pkg-config" "mariadb-dev and pkgconf" mariadb-connector-c-devel ;;
    libxml/*) needs "$2" "libxml2-dev and libxslt1-dev" "libxml2-dev and libxslt-dev" "libxml2-devel and libxslt-devel" ;;
    libxslt/*) needs "$2" libxslt1-dev libxslt-dev libxslt-devel ;;
    zlib.h) needs "$2" zlib1g-dev zlib-dev zlib-devel ;;
    bzlib.h) needs "$2" libbz2-dev bzip2-dev bzip2-devel ;;
    lzma.h) needs "$2" liblzma-dev xz-dev xz-devel ;;
    jpeglib.h) needs "$2" libjpeg-dev libjpeg-turbo-dev libjpeg-turbo-devel ;;
    png.h) needs "$2" libpng-dev libpng-dev libpng-devel ;;
    ft2build.h) needs "$2" libfreetype-dev freetype-dev freetype-devel ;;
    lber.h | ldap.h) needs "$2" "libldap-dev and libsasl2-dev" openldap-dev openldap-devel ;;
    sasl/*) needs "$2" libsasl2-dev cyrus-sasl-dev cyrus-sasl-devel ;;
    sql.h | sqlext.h) needs "$2" unixodbc-dev unixodbc-dev unixODBC-devel ;;
    sqlite3.h) needs "$2" libsqlite3-dev sqlite-dev sqlite-devel ;;
    yaml.h) needs "$2" libyaml-dev yaml-dev libyaml-devel ;;
    curl/*) needs "$2" libcurl4-openssl-dev curl-dev libcurl-devel ;;
    krb5.h | krb5/* | gssapi* | com_err.h) needs "$2" libkrb5-dev krb5-dev krb5-devel ;;
    gmp.h) needs "$2" libgmp-dev gmp-dev gmp-devel ;;
    mpfr.h) needs "$2" libmpfr-dev mpfr-dev mpfr-devel ;;
    hdf5.h) needs "$2" libhdf5-dev hdf5-dev hdf5-devel ;;
    geos_c.h) needs "$2" libgeos-dev geos-dev geos-devel ;;
    gdal.h | cpl_*.h) needs "$2" libgdal-dev gdal-dev gdal-devel ;;
    proj.h) needs "$2" libproj-dev proj-dev proj-devel ;;
    cairo.h) needs "$2" libcairo2-dev cairo-dev cairo-devel ;;
    glib.h | gio/*) needs "$2" libglib2.0-dev glib-dev glib2-devel ;;
    portaudio.h) needs "$2" portaudio19-dev portaudio-dev portaudio-devel ;;
    alsa/*) needs "$2" libasound2-dev alsa-lib-dev alsa-lib-devel ;;
    snappy-c.h | snappy.h) needs "$2" libsnappy-dev snappy-dev snappy-devel ;;
    leveldb/*) needs "$2" libleveldb-dev leveldb-dev leveldb-devel ;;
    librdkafka/*) needs "$2" librdkafka-dev librdkafka-dev librdkafka-devel ;;
    zmq.h) needs "$2" libzmq3-dev zeromq-dev zeromq-devel ;;
    pcap.h | pcap/*) needs "$2" libpcap-dev libpcap-dev libpcap-devel ;;
    dbus/*) needs "$2" libdbus-1-dev dbus-dev dbus-devel ;;
    systemd/*) needs "$2" libsystemd-dev elogind-dev systemd-devel ;;
    uuid/*) needs "$2" uuid-dev util-linux-dev libuuid-devel ;;
    X11/*) needs "$2" libx11-dev libx11-dev libX11-devel ;;
    linux/* | asm/*) needs "$2" linux-libc-dev linux-headers kernel-headers ;;
    assert.h | ctype.h | errno.h | limits.h | math.h | std*.h | string.h | sys/* | time.h | unistd.h | wchar.h)
        needs "$2" libc6-dev musl-dev glibc-devel ;;
    *) say "$2: name the package that has it in [system] build" ;;
    esac
}
program() {
    case $1 in
    cc | gcc | clang | *-gcc) needs "there is no C compiler here" "gcc and libc6-dev" "gcc and musl-dev" gcc ;;
    c++ | g++ | clang++ | *-g++) needs "there is no C++ compiler here" g++ g++ gcc-c++ ;;
    cargo | rustc) needs "there is no Rust compiler here" cargo cargo cargo ;;
    gfortran) needs "there is no Fortran compiler here" gfortran gfortran gcc-gfortran ;;
    pg_config) needs "pg_config is missing here" libpq-dev libpq-dev libpq-devel ;;
    mysql_config | mariadb_config) header mysql.h "$1 is missing here" ;;
    pkg-config | pkgconf) needs "pkg-config is missing here" pkg-config pkgconf pkgconf-pkg-config ;;
    ninja) needs "ninja is missing here" ninja-build ninja-build ninja-build ;;
    xml2-config | xslt-config) header libxml/x "$1 is missing here" ;;
    krb5-config) header krb5.h "$1 is missing here" ;;
    curl-config) header curl/x "$1 is missing here" ;;
    cmake | make | swig | autoconf | automake | libtool | git | patch | nasm | bison | flex | m4 | perl)
        needs "$1 is missing here" "$1" "$1" "$1" ;;
    *) say "$1 is missing here: name the package that has it in [system] build" ;;
    esac
}
# A program that setuptools, a shell, make or Python could not start. Python says the same of any file, so that the names of
# programs are looked for.
programs='gcc|g\+\+|cc|c\+\+|clang|clang\+\+|gfortran|cargo|rustc|cmake|make|ninja|swig|git|pg_config|mysql_config|mariadb_config|pkg-config|curl-config|krb5-config|xml2-config|xslt-config'
missing=$(part "failed: No such file|unable to execute|(FileNotFoundError|error): .*directory: '([a-z0-9_]+-)*($programs)'\$|: not found|: command not found|^make.*: No such file" "
s/.*error: command '([^' ]*\/)?([A-Za-z0-9_.+-]+)' failed: No such file or directory.*/\2/p; t
s/.*unable to execute '?([A-Za-z0-9_.+-]+)'?: No such file or directory.*/\1/p; t
s/.*(FileNotFoundError|error): .*No such file or directory: '(([a-z0-9_]+-)*($programs))'.*/\2/p; t
s/.*: ([A-Za-z0-9_.+-]+): (command )?not found.*/\1/p; t
s/^make.*: ([A-Za-z0-9_.+-]+): No such file or directory.*/\1/p")
absent=$(part '(fatal )?error: .*[A-Za-z0-9_]\.h(pp)?.*([Nn]o such file|not found)' \
    "s/.*error: ['\"]?([A-Za-z0-9_+.\/-]+\.h(pp)?)['\"]?( file not found|: No such file).*/\1/p")
library=$(part 'cannot find -l' 's/.*cannot find -l([A-Za-z0-9_+.-]+).*/\1/p')
module=$(part '(ModuleNotFoundError|ImportError): No module named' "s/.*No module named '?([A-Za-z0-9_.]+)'?.*/\1/p")
if [ -n "$absent" ]; then
    header "$absent" "the header $absent is missing here"
elif shows 'pg_config(\.exe)? (executable|program|command)? ?(is )?(not found|missing|is required)|Error: pg_config'; then
    program pg_config
elif shows 'mysql_config( not found|: not found)|Can not find valid pkg-config name|mysqlclient.*pkg-config'; then
    program mysql_config
elif shows "can't find Rust compiler|[Cc]argo, the Rust package manager, is not installed|rustc? ?(compiler)? ?(is )?not (found|installed)|cargo(.exe)? (is )?not (found|installed)"; then
    program cargo
elif shows 'CMAKE_CXX_COMPILER( not set|.*could be found)|No CMAKE_CXX_COMPILER|Unknown compiler\(s\): \[\[.c\+\+'; then
    program c++
elif shows 'linker .cc. not found|no acceptable C compiler|[Nn]o working (C )?compiler|CMAKE_C_COMPILER( not set|.*could be found)|No CMAKE_C_COMPILER|Unknown compiler\(s\): \[\[.(cc|icc)'; then
    program cc
elif shows '[Cc][Mm]ake (must be|is not|not) (installed|found|available)|Could not find (a )?(working )?[Cc][Mm]ake|CMake executable.*not found|requires CMake'; then
    program cmake
elif shows 'pkg-config (is not|not|was not|could not be) (found|installed)|Did not find pkg-config|Pkg-config binary.*not found|pkg-config.*(is|probably) (required|not installed)|install pkg-config'; then
    program pkg-config
elif [ -n "$missing" ]; then
    program "$missing"
elif [ -n "$library" ]; then
    say "the library $library is missing here: name the package that has it in [system] build"
elif shows 'error: Microsoft Visual C'; then
    say "its build asks for the compiler of Windows: this version is not written for Linux"
elif [ -n "$module" ]; then
    say "its build imports the module $module and does not find it: a package asks for such modules in [build-system] requires; choose a version that does, or one that has a wheel"
else
    # The last words of the backend, without those of pip about them.
    last=$(sed 's/^[[:space:]]*//' "$log" | grep -E '^([A-Za-z_][A-Za-z0-9_.]*(Error|Exception|Exit|Warning)|error|ERROR|fatal|Error)( in [^:]*)?:' |
        grep -vE 'subprocess-exited-with-error|metadata-generation-failed|Failed (to build|building)|^Warning|Warning:|^ERROR: (Could not build|Failed|Exception)|exit(ed)? (code|status|with)' | tail -n 1)
    [ -z "$last" ] || say "the build ended with: $last"
fi
if grep -qsE 'setuptools[-_]scm|hatch-vcs|versioningit|pbr|dunamai' "$source/pyproject.toml" "$source/setup.py" "$source/setup.cfg"; then
    if [ ! -e "$source/.git" ]; then
        say "its version comes from git, and .git is hidden: give it as [app] version, or write a .dockerignore that does not name .git"
    fi
    if ! command -v git >/dev/null 2>&1; then
        say "its version comes from git, which is not here: give it as [app] version, or name git in [system] build"
    fi
fi
