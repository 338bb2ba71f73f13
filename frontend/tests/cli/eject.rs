use crate::folder::Folder;
use crate::plan::shop;

#[test]
fn an_ejected_dockerfile_has_stages_checks_and_the_lock_s_hashes() {
    let ran = shop().run(&["eject", "--platform", "linux/amd64"]);
    let note = "note: the rules of ignored files that are built into pybuild are in a comment: copy them\n";
    assert_eq!((ran.stderr.as_str(), ran.code), (note, 0));
    let text = ran.stdout;
    assert!(text.starts_with("# syntax=docker/dockerfile:1\n"), "{text}");
    let hash = "2".repeat(64);
    assert!(text.contains(&format!("\nflask==3.0.3 --hash=sha256:{hash}\n")), "{text}");
    let stages: Vec<_> = text.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(
        stages,
        [
            "FROM scratch AS pybuild-requirements",
            "FROM python:3.13-slim AS builder",
            "FROM builder AS builder-with-dev",
            "FROM builder-with-dev AS test-base",
            "FROM test-base AS test-check-pytest",
            "FROM test-base AS test",
            "FROM python:3.13-slim AS production",
        ]
    );
    let end = "\
# Nothing is copied: the image waits for these checks.
COPY --from=test-check-pytest /run/passed/ /
LABEL \"org.opencontainers.image.title\"=\"shop\"
LABEL \"org.opencontainers.image.version\"=\"1.0\"
WORKDIR /app
USER 10001:10001
CMD [\"flask\",\"--app\",\"shop\",\"run\"]
";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn a_version_that_is_given_is_given_there_too() {
    let manifest = "[build-system]\nrequires = [\"hatch-vcs\"]\n[project]\nname = \"shop\"\ndynamic = [\"version\"]\ndependencies = []\n";
    let text = "python.version = \"3.13\"\napp.version = \"v1.2\"\n";
    let folder =
        Folder::new(&[("pybuild.toml", text), (".dockerignore", ".git\n"), ("pyproject.toml", manifest)]);
    for target in ["production", "dev"] {
        let ejected = folder.run(&["eject", "--target", target, "--platform", "linux/amd64"]).result();
        let pip = ejected.split_once("SETUPTOOLS_SCM_PRETEND_VERSION=1.2 PDM_BUILD_SCM_VERSION=1.2 ");
        assert!(
            pip.is_some_and(|(_, rest)| rest.contains("PBR_VERSION=1.2 \\\n    python3 -m pip ")),
            "{ejected}"
        );
    }
}

#[test]
fn a_requirements_file_is_written_without_the_line_for_the_project() {
    let manifest = "[build-system]\nrequires = []\n[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"idna\"]\n";
    let folder = Folder::new(&[
        ("pybuild.toml", "python.version = \"3.13\"\n"),
        (".dockerignore", ".git\n"),
        ("pyproject.toml", manifest),
        ("requirements.txt", "-e .\npackaging"),
    ]);
    let ejected = folder.run(&["eject", "--platform", "linux/amd64"]).result();
    for part in [
        "COPY <<'REQUIREMENTS' /project.plain.txt\nidna\nREQUIREMENTS\n",
        "COPY <<'REQUIREMENTS' /project/requirements.txt\n\npackaging\nREQUIREMENTS\n",
        "--mount=type=bind,from=pybuild-requirements,source=/project/requirements.txt,target=/run/context/requirements.txt",
    ] {
        assert!(ejected.contains(part), "{part}\n{ejected}");
    }
}

#[test]
fn nothing_in_a_file_means_something_else_in_a_dockerfile() {
    let text = r#"
python.version = "3.13"
dependencies.requirements = []
[stage.Assets]
from = "node:20-slim"
include = ["web/"]
run = ["npm ci", { run = ["node", "a b.js"], env.KEY = "it's $5" }, "cat <<X\nX"]
cache = ["/root/.npm"]
[stage.production]
env.PRICE = "\"5\" $ \\ more"
copy = [{ from = "Assets", path = "/app/web", to = "web", mode = "0755" }]
run = [{ run = "make", secrets = [{ id = "token", env = "TOKEN" }], network = "none" }]
healthcheck = { command = "true", interval = "30s", retries = 3 }
"#;
    let folder = Folder::new(&[("pybuild.toml", text), (".dockerignore", ".git\n"), ("web/a.js", "")]);
    let ejected = folder.run(&["eject", "--platform", "linux/amd64"]).result();
    for line in [
        "FROM node:20-slim AS assets\n",
        "COPY web /app/web\n",
        "RUN --mount=type=cache,target=/root/.npm \\\n    npm ci\n",
        "    [\"env\",\"KEY=it's $5\",\"node\",\"a b.js\"]\n",
        "    [\"/bin/sh\",\"-c\",\"cat <<X\\nX\"]\n",
        "ENV PRICE=\"\\\"5\\\" \\$ \\\\ more\"\n",
        "COPY --from=assets --chmod=0755 /app/web /app/web\n",
        "RUN --mount=type=secret,id=token,env=TOKEN,required=true \\\n    --network=none make\n",
        "HEALTHCHECK --interval=30000000us --retries=3 CMD true\n",
    ] {
        assert!(ejected.contains(line), "{line}\n---\n{ejected}");
    }
}

#[test]
fn conda_packages_that_nothing_locks_are_not_ejected() {
    let environment = "channels: [conda-forge]\ndependencies: [python=3.13, numpy]\n";
    let folder =
        Folder::new(&[("pybuild.toml", "python.version = \"3.13\"\n"), ("environment.yml", environment)]);
    let said = "error: environment.yml locks nothing, so a Dockerfile cannot name its packages\n  help: lock them: \
                `conda-lock -f environment.yml`, or `pixi lock`\n  help: or push the image that pybuild makes, and begin \
                the Dockerfile with `FROM` of it\n";
    assert_eq!(folder.run(&["eject"]).refusal(), said);
}

#[test]
fn conda_packages_are_downloads_with_their_hashes_for_py_rattler() {
    let entry = |name: &str, category: &str, address: &str| {
        format!(
            "- {{ name: {name}, version: '1.0', manager: conda, platform: linux-64, dependencies: {{}}, url: {address}, hash: {{ sha256: {} }}, category: {category}, optional: false }}\n",
            "0".repeat(64)
        )
    };
    let python = entry("python", "main", "https://team.example/linux-64/python-3.13.1-h0_0.conda")
        .replace("'1.0'", "'3.13.1'");
    let lock = format!(
        "version: 1\nmetadata: {{ platforms: [linux-64] }}\npackage:\n{python}{}{}",
        entry("gdal", "main", "https://team.example/linux-64/gdal-1.0-h0_0.conda"),
        entry("checker", "dev", "https://team.example/noarch/checker-1.0-py_0.tar.bz2")
    );
    let file = "[stage.test]\nchecks.checker = \"checker\"\n[stage.production]\nrequires = [\"test\"]\n";
    let folder = Folder::new(&[
        ("pybuild.toml", file),
        ("conda-lock.yml", &lock),
        ("app.py", ""),
        (".dockerignore", ".git\n"),
        ("requirements-dev.txt", "pytest\n"),
    ]);
    let text = folder.run(&["eject", "--platform", "linux/amd64"]).result();
    let stages: Vec<_> = text.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(
        stages,
        [
            "FROM scratch AS conda-packages",
            "FROM scratch AS pybuild-requirements",
            "FROM python:3.13-slim AS conda",
            "FROM conda AS conda-with-dev",
            "FROM debian:trixie-slim AS builder",
            "FROM builder AS builder-with-dev",
            "FROM builder-with-dev AS test-base",
            "FROM test-base AS test-check-checker",
            "FROM test-base AS test",
            "FROM debian:trixie-slim AS production",
        ],
        "{text}"
    );
    let zeros = "0".repeat(64);
    for line in [
        &format!(
            "ADD --checksum=sha256:{zeros} https://team.example/linux-64/gdal-1.0-h0_0.conda /gdal-1.0-h0_0.conda\n"
        ),
        &format!(
            "{zeros}\t/run/conda/conda-packages/gdal-1.0-h0_0.conda\thttps://team.example/linux-64/gdal-1.0-h0_0.conda\n"
        ),
        "ENV PATH=\"/venv/bin:$PATH\" CONDA_PREFIX=\"/venv\" PYTHONUNBUFFERED=\"1\"",
        "COPY --from=conda-with-dev /venv /venv\n",
    ] {
        assert!(text.contains(line), "{line}\n---\n{text}");
    }
    // A list is whole: what it does not name would be removed.
    let list = text
        .split("COPY <<'PACKAGES' /dev.conda.txt\n")
        .nth(1)
        .and_then(|rest| rest.split("PACKAGES").next());
    let names: Vec<_> = list.unwrap().lines().filter_map(|line| line.rsplit('/').next()).collect();
    assert_eq!(names, ["checker-1.0-py_0.tar.bz2", "gdal-1.0-h0_0.conda", "python-3.13.1-h0_0.conda"]);
}

/// `docker build --check` of the same text is part of the engine tests of the documentation's Dockerfiles;
/// here it is seen that each instruction stands where a Dockerfile needs it.
#[test]
fn files_from_elsewhere_and_bases_of_stages_come_before_what_needs_them() {
    let sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let commit = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let text = format!(
        r#"dependencies.requirements = []
[python]
version = "3.12"
base = "own"
[system]
runtime = ["psql"]
[[system.repositories]]
url = "https://apt.example/debian"
suites = ["bookworm"]
key = "https://apt.example/key"
checksum = "sha256:{sum}"
[app]
copy = [{{ from = "ui", path = "/out", to = "src/shop/static" }}]
[stage.own]
from = "debian:12"
packages = ["python3"]
[stage.ui]
from = "node:20"
run = "make"
[stage.production]
copy = [
    {{ from = "https://files.example/tool", checksum = "sha256:{sum}", to = "/opt/" }},
    {{ from = "https://files.example/a.tgz", checksum = "sha256:{sum}", unpack = true, path = "/a", to = "/opt/a" }},
    {{ from = "https://git.example/t.git#{commit}", path = "mail", to = "/opt/mail" }},
]
"#
    );
    let manifest = "[build-system]\nrequires = []\n[project]\nname = \"shop\"\nversion = \"1\"\n";
    let folder = Folder::new(&[
        ("pybuild.toml", &text),
        (".dockerignore", ".git\n"),
        ("pyproject.toml", manifest),
        ("src/shop/__init__.py", ""),
    ]);
    let ejected = folder.run(&["eject", "--platform", "linux/amd64"]).result();
    let stages: Vec<_> = ejected.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(
        stages,
        [
            "FROM debian:12 AS own",
            "FROM node:20 AS ui",
            "FROM own AS builder",
            "FROM scratch AS project-source",
            "FROM builder AS project",
            "FROM scratch AS archive-e3b0c44298fc",
            "FROM own AS production",
        ],
        "{ejected}"
    );
    for line in [
        "COPY --from=ui /out /src/shop/static",
        &format!(
            "ADD --chmod=644 --checksum=sha256:{sum} https://apt.example/key /etc/apt/keyrings/pybuild-1.key"
        ),
        &format!("ADD --unpack=true --checksum=sha256:{sum} https://files.example/a.tgz /"),
        "COPY --from=archive-e3b0c44298fc /a /opt/a",
        &format!("ADD --checksum=sha256:{sum} --chmod=0644 https://files.example/tool /opt/"),
    ] {
        assert!(ejected.lines().any(|found| found == line), "{line}\n{ejected}");
    }
    assert!(
        ejected.contains(&format!("t.git#{commit}:mail")) && ejected.contains("from=project-source"),
        "{ejected}"
    );
}
