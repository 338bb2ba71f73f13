//! Parts of a project besides its code: system libraries, assets, a database, a Python version.

use std::collections::BTreeSet;
use std::path::Path;

use super::draft::{Copy, Draft, Stage};
use super::native::KNOWN;
use super::runs::Scene;
use crate::project::VersionFromGit;
use crate::spec::ContextPath;

/// Adds the system libraries for native packages.
pub(super) fn system(packages: &BTreeSet<String>, draft: &mut Draft) {
    let mut build: BTreeSet<&str> = BTreeSet::new();
    let mut runtime: BTreeSet<&str> = BTreeSet::new();
    for native in KNOWN.iter().filter(|native| packages.contains(native.package)) {
        // Binary editions contain the libraries that they load.
        if native.package == "psycopg" && packages.contains("psycopg-binary") {
            continue;
        }
        build.extend(native.build);
        runtime.extend(native.runtime);
        let wants = if native.build.is_empty() { "loads" } else { "is compiled with, and loads," };
        draft.system.because.push(format!("{} {wants} libraries of the system.", native.package));
    }
    draft.system.build = build.into_iter().map(str::to_owned).collect();
    draft.system.runtime = runtime.into_iter().map(str::to_owned).collect();
}

/// Adds the assets that Node builds, if `package.json` contains the command. They come before stages that use
/// them.
pub(super) fn assets(package: &str, version: &str, folder: &Path, draft: &mut Draft) {
    let Ok(package) = serde_json::from_str::<serde_json::Value>(package) else { return };
    let Some(build) = package.pointer("/scripts/build").and_then(serde_json::Value::as_str) else { return };
    let Some(out) = output(build, folder) else { return };
    let install = if folder.join("package-lock.json").is_file() { "npm ci" } else { "npm install" };
    let stage = Stage {
        name: "assets".to_owned(),
        about: format!("What `npm run build` makes: `{out}`."),
        from: format!("node:{version}-slim"),
        include: vec![".".to_owned()],
        run: vec![install.to_owned(), "npm run build".to_owned()],
        cache: vec!["/root/.npm".to_owned()],
        ..Stage::default()
    };
    let copy =
        Copy { from: Some("assets".to_owned()), path: format!("/app/{out}"), to: out, ..Copy::default() };
    // Django collects these assets together with its own.
    if let Some(collected) = draft.stages.iter_mut().find(|stage| stage.name == "static") {
        collected.copy.push(copy);
    } else {
        draft.production.copy.push(copy);
    }
    draft.stages.insert(0, stage);
}

/// The folder to which a build command writes.
fn output(build: &str, folder: &Path) -> Option<String> {
    let words: Vec<&str> = build.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
        if ["--outdir", "--outDir", "--out-dir", "--dist-dir", "--output-path", "-o", "-d"].contains(&name) {
            let value = value.or_else(|| words.get(at + 1).copied())?;
            let path = ContextPath::parse(value)?;
            let named = path.as_str();
            // Tailwind and Sass write a file.
            let folder = match named.rsplit_once('/') {
                Some((folder, file)) if file.contains('.') => folder,
                _ => named,
            };
            return (!path.is_root()).then(|| folder.to_owned());
        }
    }
    let has = |names: &[&str]| names.iter().any(|name| folder.join(name).is_file());
    let vite = build.contains("vite") && !has(&["vite.config.js", "vite.config.ts", "vite.config.mjs"]);
    (vite || build.contains("parcel")).then(|| "dist".to_owned())
}

/// Packages that load files at run time that no wheel contains.
const DOWNLOADS: [(&str, &str); 5] = [
    (
        "playwright",
        "playwright needs a browser and its libraries, which no wheel brings: run `playwright install --with-deps chromium` in a stage, with env.PLAYWRIGHT_BROWSERS_PATH below /opt",
    ),
    (
        "nltk",
        "nltk loads its data at run time: run `python -m nltk.downloader -d /usr/local/share/nltk_data NAME` in a stage",
    ),
    ("spacy", "a model of spaCy is a package: add its wheel to the dependencies"),
    ("camoufox", "camoufox needs its browser, which no wheel brings: run `camoufox fetch` in a stage"),
    ("selenium", "selenium needs a browser: add `chromium` and `chromium-driver` to [system] runtime"),
];

/// Adds remarks about files that must be downloaded in addition to the packages.
pub(super) fn downloads(packages: &BTreeSet<String>, draft: &mut Draft) {
    let wanted = DOWNLOADS.iter().filter(|(package, _)| packages.contains(*package));
    draft.remarks.extend(wanted.map(|(_, text)| (*text).to_owned()));
}

/// The Python version in files of other tools, and the file. A build does not read these files.
pub(super) fn python(read: &dyn Fn(&str) -> Option<String>) -> Option<(String, String)> {
    let pipenv = || {
        let lock: serde_json::Value = serde_json::from_str(&read("Pipfile.lock")?).ok()?;
        let requires = lock.pointer("/_meta/requires")?;
        let version = requires.get("python_version").or(requires.get("python_full_version"))?;
        version.as_str().map(str::to_owned)
    };
    let heroku = || read("runtime.txt")?.trim().strip_prefix("python-").map(str::to_owned);
    let asdf = || {
        let text = read(".tool-versions")?;
        let line = text.lines().find_map(|line| line.strip_prefix("python "))?;
        line.split_whitespace().next().map(str::to_owned)
    };
    let mise = || {
        let text = read("mise.toml").or_else(|| read(".mise.toml"))?;
        let (document, _) = toml::de::DeTable::parse_recoverable(&text);
        let tool = document.get_ref().get("tools")?.get_ref().as_table()?.get("python")?.get_ref();
        let version = tool.as_str().or_else(|| tool.as_array()?.first()?.get_ref().as_str());
        version.map(str::to_owned)
    };
    // The locked versions were resolved for this version, by pip-compile or by `uv pip compile`.
    let compiled = || {
        let text = read("requirements.txt")?;
        let mut comments = text.lines().take_while(|line| line.starts_with('#'));
        let said = ["pip-compile with Python ", "--python-version ", "--python-version="];
        comments.find_map(|line| said.iter().find_map(|said| Some(line.split_once(said)?.1.to_owned())))
    };
    let found = [
        ("Pipfile.lock", pipenv()),
        ("runtime.txt", heroku()),
        (".tool-versions", asdf()),
        ("mise.toml", mise()),
        ("requirements.txt", compiled()),
    ];
    let version = |text: &str| crate::project::PythonVersion::parse(text.split_whitespace().next()?);
    let mut found = found.into_iter().filter_map(|(file, text)| Some((file, version(&text?)?)));
    found.next().map(|(file, version)| (file.to_owned(), version.to_string()))
}

/// Adds the version for which git would be asked, or adds git.
pub(super) fn version(asking: &VersionFromGit, draft: &mut Draft) {
    if asking.can_be_given() {
        draft.args.insert("VERSION".to_owned(), "0.0.0".to_owned());
        draft.app.version = Some("${VERSION}".to_owned());
    } else {
        let because = format!(
            "{} asks git for the version: a .dockerignore that does not name .git shows it.",
            asking.by
        );
        draft.system.because.push(because);
        draft.system.build.push("git".to_owned());
    }
}

/// Makes the folder of the app's `SQLite` database writable.
pub(super) fn databases(scene: &Scene, draft: &mut Draft) {
    if !draft.app.writable.is_empty() || scene.is_package {
        return;
    }
    let flask = scene.has("flask-sqlalchemy");
    if let Some(folder) = scene.modules.iter().find_map(|module| database(&module.text, flask)) {
        draft.sqlite(folder);
    }
}

/// The folder of a `SQLite` database, found in its URL.
fn database(text: &str, flask: bool) -> Option<String> {
    let (_, rest) = text.split_once("sqlite:///")?;
    let path = rest.split(['"', '\'', ' ', '\n', '?']).next().unwrap_or_default();
    if let Some(absolute) = path.strip_prefix('/').filter(|path| !path.contains('{')) {
        let folder = absolute.rsplit_once('/').map_or("", |(folder, _)| folder);
        return (!folder.is_empty()).then(|| format!("/{folder}"));
    }
    if path.is_empty() || path.contains('{') || path.contains(":memory:") {
        return path.contains('{').then(|| "/app".to_owned());
    }
    if flask {
        return Some("/app/instance".to_owned());
    }
    let folder = path.trim_start_matches("./").rsplit_once('/').map(|(folder, _)| folder);
    Some(folder.map_or_else(|| "/app".to_owned(), |folder| format!("/app/{folder}")))
}

/// Node's version, in the syntax of files of its version managers.
pub(super) fn node(said: Option<&str>) -> String {
    let version = said.unwrap_or("22").trim().trim_start_matches('v');
    let major = version.split('.').next().unwrap_or("22");
    if major.parse::<u32>().is_ok() { major.to_owned() } else { "22".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_where_its_address_says() {
        let at = |text: &str, flask: bool| database(text, flask);
        assert_eq!(at("url = \"sqlite:///shop.db\"", true).as_deref(), Some("/app/instance"));
        assert_eq!(at("url = \"sqlite:///./shop.db\"", false).as_deref(), Some("/app"));
        assert_eq!(at("url = 'sqlite:///data/shop.db'", false).as_deref(), Some("/app/data"));
        assert_eq!(at("url = 'sqlite:////var/lib/shop/shop.db'", false).as_deref(), Some("/var/lib/shop"));
        assert_eq!(at("url = 'sqlite:///:memory:'", false), None);
        assert_eq!(at("url = 'postgresql://'", false), None);
    }

    #[test]
    fn versions_of_python_stand_in_files_of_many_tools() {
        let of = |name: &str, text: &str| {
            let (name, text) = (name.to_owned(), text.to_owned());
            python(&move |asked| (asked == name).then(|| text.clone())).map(|(_, version)| version)
        };
        let lock = "{\"_meta\": {\"requires\": {\"python_version\": \"3.11\"}}}";
        assert_eq!(of("Pipfile.lock", lock).as_deref(), Some("3.11"));
        assert_eq!(of("runtime.txt", "python-3.12.4\n").as_deref(), Some("3.12.4"));
        assert_eq!(of(".tool-versions", "nodejs 20.1\npython 3.13.1 3.12\n").as_deref(), Some("3.13.1"));
        assert_eq!(of("mise.toml", "[tools]\npython = \"3.12\"\nnode = \"22\"\n").as_deref(), Some("3.12"));
        assert_eq!(of("mise.toml", "[tools]\npython = [\"3.13.1\", \"3.12\"]\n").as_deref(), Some("3.13.1"));
        let compiled = "#\n# This file is autogenerated by pip-compile with Python 3.12\n# by the following command:\n#\n";
        assert_eq!(of("requirements.txt", compiled).as_deref(), Some("3.12"));
        let uv = "# This file was autogenerated by uv via the following command:\n#    uv pip compile --python-version 3.11 a.in\n";
        assert_eq!(of("requirements.txt", uv).as_deref(), Some("3.11"));
        assert_eq!(of("requirements.txt", "flask==3.0\n# pip-compile with Python 3.12\n"), None);
        assert_eq!(of("runtime.txt", "pypy3\n"), None);
        assert_eq!(
            (node(Some("v20.1\n")), node(Some("lts/*")), node(None)),
            ("20".into(), "22".into(), "22".into())
        );
    }

    #[test]
    fn commands_of_bundlers_say_where_they_write() {
        let at = |build: &str| output(build, Path::new("/nonexistent"));
        assert_eq!(at("esbuild a.js --bundle --outdir=static/js").as_deref(), Some("static/js"));
        assert_eq!(at("tailwindcss -i in.css -o static/css/out.css --minify").as_deref(), Some("static/css"));
        assert_eq!(at("vite build").as_deref(), Some("dist"));
        assert_eq!(at("webpack --mode production"), None);
    }
}
