//! Python packages that need packages of the operating system, with Debian's names of these.

/// The OS packages that a Python package needs.
pub(super) struct Native {
    /// The Python package, normalised.
    pub(super) package: &'static str,
    /// The packages for compiling it, if an index has no wheel.
    pub(super) build: &'static [&'static str],
    /// The packages that it loads at run time.
    pub(super) runtime: &'static [&'static str],
}

const fn native(
    package: &'static str,
    build: &'static [&'static str],
    runtime: &'static [&'static str],
) -> Native {
    Native { package, build, runtime }
}

/// The known packages. Packages whose wheels contain everything (numpy, lxml, cryptography, psycopg2-binary)
/// are not listed.
pub(super) const KNOWN: [Native; 21] = [
    native("cairosvg", &[], &["libcairo2"]),
    native("ffmpeg-python", &[], &["ffmpeg"]),
    native("gitpython", &[], &["git"]),
    native("lightgbm", &[], &["libgomp1"]),
    native("mod-wsgi", &["apache2-dev", "gcc", "libc6-dev"], &["apache2"]),
    native(
        "mysqlclient",
        &["default-libmysqlclient-dev", "gcc", "libc6-dev", "pkg-config"],
        &["libmariadb3"],
    ),
    native("opencv-python", &[], &["libgl1", "libglib2.0-0"]),
    native("pdf2image", &[], &["poppler-utils"]),
    native("psycopg", &[], &["libpq5"]),
    native("psycopg-c", &["gcc", "libc6-dev", "libpq-dev"], &["libpq5"]),
    native("psycopg2", &["gcc", "libc6-dev", "libpq-dev"], &["libpq5"]),
    native("pycairo", &["gcc", "libc6-dev", "libcairo2-dev", "pkg-config"], &["libcairo2"]),
    native("pycurl", &["gcc", "libc6-dev", "libcurl4-openssl-dev", "libssl-dev"], &["libcurl4"]),
    native("pydub", &[], &["ffmpeg"]),
    native("pygraphviz", &["gcc", "libc6-dev", "libgraphviz-dev"], &["graphviz"]),
    native("pyodbc", &[], &["unixodbc"]),
    native("pytesseract", &[], &["tesseract-ocr"]),
    native("python-magic", &[], &["libmagic1"]),
    native("uwsgi", &["gcc", "libc6-dev"], &[]),
    native("weasyprint", &[], &["libharfbuzz-subset0", "libpango-1.0-0", "libpangoft2-1.0-0"]),
    native("xmlsec", &["gcc", "libc6-dev", "libxmlsec1-dev", "pkg-config"], &["libxmlsec1-openssl"]),
];
