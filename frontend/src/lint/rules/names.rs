//! The purpose of OS packages, from their names.

/// The name of a package, without its version, architecture or suite.
pub(super) fn bare(package: &str) -> &str {
    package.split(['=', '<', '>', '~', ':', '/']).next().unwrap_or(package)
}

/// Whether a package is for compiling: a compiler, a build tool or header files.
pub(super) fn compiles(package: &str) -> bool {
    const TOOLS: [&str; 25] = [
        "build-essential",
        "build-base",
        "gcc",
        "gcc-c++",
        "g++",
        "cpp",
        "clang",
        "llvm",
        "gfortran",
        "gcc-gfortran",
        "make",
        "cmake",
        "ninja-build",
        "autoconf",
        "automake",
        "libtool",
        "pkg-config",
        "pkgconf",
        "cargo",
        "rustc",
        "golang",
        "golang-go",
        "@development-tools",
        "linux-headers",
        "meson",
    ];
    let name = bare(package);
    // Debian has version numbers in the names of compilers: `gcc-12`, `clang-16`.
    let unnumbered = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').trim_end_matches('-');
    TOOLS.contains(&name)
        || (unnumbered != name && TOOLS.contains(&unnumbered))
        || name.ends_with("-dev")
        || name.ends_with("-devel")
}

/// Whether a package is a library that compiled packages load at run time and do not need while they are
/// built.
pub(super) fn is_loaded(package: &str) -> bool {
    const LIBRARIES: [&str; 12] = [
        "libpq5",
        "libmariadb3",
        "libmysqlclient21",
        "libmagic1",
        "libmagic1t64",
        "libgl1",
        "libgomp1",
        "libxslt1.1",
        "libgdal32",
        "libgeos-c1v5",
        "libpango-1.0-0",
        "libodbc2",
    ];
    LIBRARIES.contains(&bare(package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_and_headers_are_told_from_what_runs() {
        for name in
            ["gcc", "gcc-12", "g++=4:12*", "libpq-dev:amd64", "postgresql-devel", "clang-16", "build-base"]
        {
            assert!(compiles(name), "{name}");
        }
        for name in
            ["libpq5", "curl", "libstdc++6", "libgcc-s1", "makepasswd", "git", "cargo-cult", "devscripts"]
        {
            assert!(!compiles(name), "{name}");
        }
        assert!(is_loaded("libpq5=15.*") && !is_loaded("libpq-dev"));
    }
}
