//! Base images in Dockerfiles: whether they are images of Python, and their settings.

use crate::reference::ImageReference;

/// The known properties of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Base {
    /// The Python image that can replace it, if there is one.
    pub(super) python: Option<String>,
    /// The Python version, if the name contains it.
    pub(super) version: Option<String>,
    /// Whether the variables below are all variables of the image that a Dockerfile can use.
    pub(super) is_known: bool,
    pub(super) path: String,
    /// The working directory, if it is known.
    pub(super) workdir: Option<String>,
    /// Other variables that Dockerfiles use.
    pub(super) env: Vec<(&'static str, &'static str)>,
    /// Whether the image has a command of its own.
    pub(super) has_command: bool,
    pub(super) is_alpine: bool,
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The folders that Python images add to `PATH`.
const PATH_OF_PYTHON: &str = "/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Images of other programs that set only the usual `PATH`.
const PLAIN: [&str; 20] = [
    "debian",
    "ubuntu",
    "alpine",
    "node",
    "nginx",
    "busybox",
    "bash",
    "httpd",
    "redis",
    "postgres",
    "fedora",
    "rockylinux",
    "almalinux",
    "amazonlinux",
    "oraclelinux",
    "buildpack-deps",
    "caddy",
    "maven",
    "gradle",
    "ruby",
];

/// The properties that the name of an image shows.
pub(super) fn base(image: &str) -> Base {
    let other = || Base { path: PATH.to_owned(), has_command: true, ..Base::default() };
    if image == "scratch" {
        return Base { is_known: true, workdir: Some("/".to_owned()), has_command: false, ..other() };
    }
    let Ok(reference) = ImageReference::parse(image) else { return other() };
    let path = reference.path();
    let name = path.rsplit('/').next().unwrap_or(path);
    let tag = reference.tag().unwrap_or("latest");
    let version = version(tag);
    let is_alpine = tag.contains("alpine") || name == "alpine";
    let is_official = !path.contains('/') || path.starts_with("library/") || path.contains("/library/");
    // An image from another publisher counts as a Python image only if its tag looks like one.
    let mirrored = path.ends_with("/python")
        && !path.contains("lambda")
        && !path.contains("devcontainers")
        && version.is_some();
    let foreign = ["bitnami", "chainguard", "circleci", "cimg", "pypy", "ubi", "rhel", "sclorg", "wolfi"];
    let is_foreign = foreign.iter().any(|word| image.contains(word));
    if name == "python" && (is_official || mirrored) && !is_foreign {
        return Base {
            python: Some(image.to_owned()),
            version,
            is_known: true,
            path: PATH_OF_PYTHON.to_owned(),
            workdir: Some("/".to_owned()),
            env: vec![("LANG", "C.UTF-8")],
            has_command: false,
            is_alpine,
        };
    }
    if path.ends_with("astral-sh/uv") {
        let python = of_uv(tag);
        let version = python.as_deref().and_then(|python| self::version(python.split_once(':')?.1));
        return Base {
            python,
            version,
            is_known: true,
            path: PATH_OF_PYTHON.to_owned(),
            workdir: Some("/".to_owned()),
            has_command: false,
            is_alpine,
            ..other()
        };
    }
    if path.ends_with("lambda/python") {
        let env = vec![
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":/etc/localtime"),
        ];
        let path = format!("/var/lang/bin:{PATH_OF_LAMBDA}");
        let workdir = Some("/var/task".to_owned());
        return Base { version, is_known: true, path, workdir, env, ..other() };
    }
    let conda = ["miniconda3", "anaconda3", "miniforge3", "mambaforge"].contains(&name);
    let is_plain = is_official && PLAIN.contains(&name);
    // The working directory of an unknown image is not guessed. Its path is `${PATH}`, the path of the image.
    let (own_path, workdir) = match name {
        "golang" => (format!("/go/bin:/usr/local/go/bin:{PATH}"), Some("/go")),
        "rust" => (format!("/usr/local/cargo/bin:{PATH}"), Some("/")),
        "pytorch" if !is_official => (PATH.to_owned(), Some("/workspace")),
        "uvicorn-gunicorn-fastapi" | "uvicorn-gunicorn" | "meinheld-gunicorn-flask" => {
            (PATH.to_owned(), Some("/app"))
        }
        _ => (PATH.to_owned(), (is_plain || conda || name == "cuda").then_some("/")),
    };
    let shells = ["debian", "ubuntu", "alpine", "fedora", "rockylinux", "almalinux", "buildpack-deps"];
    Base {
        version: version.filter(|_| path.contains("python")),
        is_known: is_plain || matches!(name, "golang" | "rust"),
        path: own_path,
        workdir: workdir.map(str::to_owned),
        has_command: !shells.contains(&name) && !conda && name != "cuda",
        is_alpine,
        ..Base::default()
    }
}

const PATH_OF_LAMBDA: &str = "/usr/local/bin:/usr/bin/:/bin:/opt/bin";

/// The Python version at the beginning of a tag.
fn version(tag: &str) -> Option<String> {
    let version = tag.split('-').next().unwrap_or(tag);
    let numbers = version.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    (version.starts_with("3.") && numbers).then(|| version.to_owned())
}

/// uv's images are Python images of the same system with uv: `0.9-python3.12-trixie-slim`.
fn of_uv(tag: &str) -> Option<String> {
    let (_, rest) = tag.split_once("python")?;
    let mut parts = rest.split('-');
    let version = parts.next()?;
    let parts: Vec<&str> = parts.collect();
    let system = parts.iter().find(|part| **part != "slim").copied();
    let slim = parts.contains(&"slim");
    Some(match (slim, system) {
        (true, Some(system)) => format!("python:{version}-slim-{system}"),
        (true, None) => format!("python:{version}-slim"),
        (false, Some(system)) => format!("python:{version}-{system}"),
        (false, None) => format!("python:{version}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_with_a_python_are_known_by_their_names() {
        let python = |image: &str| base(image).python;
        for image in [
            "python:3.13-slim",
            "python",
            "docker.io/library/python:3.9-alpine",
            "public.ecr.aws/docker/library/python:3.12",
        ] {
            assert_eq!(python(image).as_deref(), Some(image));
        }
        for (image, expected) in [
            ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", "python:3.12-slim-bookworm"),
            ("ghcr.io/astral-sh/uv:0.9.5-python3.13-alpine", "python:3.13-alpine"),
            ("ghcr.io/astral-sh/uv:python3.12-bookworm", "python:3.12-bookworm"),
        ] {
            assert_eq!(python(image).as_deref(), Some(expected));
        }
        for image in [
            "ubuntu:24.04",
            "tiangolo/uvicorn-gunicorn-fastapi:python3.9-slim",
            "public.ecr.aws/lambda/python:3.12",
            "bitnami/python:3.12",
            "gcr.example/team/python",
            "ghcr.io/astral-sh/uv:latest",
            "nvidia/cuda:12.4.1-runtime-ubuntu22.04",
        ] {
            assert_eq!(python(image), None, "{image}");
        }
        assert_eq!(base("python:3.13.1-alpine3.20").version.as_deref(), Some("3.13.1"));
        assert_eq!(base("python:3-slim").version, None);
        assert_eq!(base("registry.example/devcontainers/python:3.12").version.as_deref(), Some("3.12"));
        assert_eq!(base("node:20").version, None);
        assert_eq!(base("registry.example/team/image:1").workdir, None);
        assert_eq!(base("public.ecr.aws/lambda/python:3.12").workdir.as_deref(), Some("/var/task"));
    }
}
