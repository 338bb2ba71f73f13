//! Django sites: their server and their static files.

use std::collections::BTreeSet;

use super::code::Module;
use super::draft::{Command, Copy, Draft, Health, Stage};
use super::runs::Scene;

/// The site of a `manage.py`.
struct Site<'s> {
    /// The folder of `manage.py`; empty for the root.
    root: &'s str,
    /// The package with `wsgi.py`.
    package: String,
    /// The settings for a server.
    settings: String,
    /// Whether `manage.py` uses other settings.
    apart: bool,
    /// The text of all settings.
    text: String,
}

impl Scene {
    pub(super) fn django(&self, draft: &mut Draft) -> Option<String> {
        let manage = self.modules.iter().find(|module| {
            module.path.rsplit('/').next() == Some("manage.py")
                && module.text.contains("DJANGO_SETTINGS_MODULE")
        })?;
        let site = self.site(manage)?;
        self.import_from(site.root, draft);
        draft.production.expose = vec!["8000".to_owned()];
        // The site answers only requests for hosts that the settings allow.
        draft.production.healthcheck = Some(Health::of_port("8000"));
        let package = &site.package;
        let base = if site.root.is_empty() { String::new() } else { format!("{}/", site.root) };
        let folder = format!("{base}{}", package.replace('.', "/"));
        let there =
            |name: &str| self.modules.iter().any(|module| module.path == format!("{folder}/{name}.py"));
        draft.production.command = Some(if self.has("gunicorn") && there("wsgi") {
            Command::list(&["gunicorn", "--bind", "0.0.0.0:8000", &format!("{package}.wsgi")])
        } else if self.has("uvicorn") {
            let app = format!("{package}.asgi:application");
            Command::list(&["uvicorn", &app, "--host", "0.0.0.0", "--port", "8000"])
        } else if self.has("daphne") {
            Command::list(&["daphne", "-b", "0.0.0.0", "-p", "8000", &format!("{package}.asgi:application")])
        } else if self.has("waitress") && there("wsgi") {
            Command::list(&[
                "waitress-serve",
                "--listen=0.0.0.0:8000",
                &format!("{package}.wsgi:application"),
            ])
        } else {
            let note = "Django's own server is for development: add gunicorn or uvicorn to the dependencies.";
            draft.production.command_note = Some(note.to_owned());
            Command::list(&["python", &manage.path, "runserver", "0.0.0.0:8000"])
        });
        draft.needed = required(&site.text)
            .into_iter()
            .map(|name| {
                let value = stand_in(&name).to_owned();
                (name, value)
            })
            .collect();
        static_files(&manage.path, &site, draft);
        if site.text.contains("django.db.backends.sqlite3") || site.text.contains("sqlite:///") {
            draft.sqlite(if site.root.is_empty() {
                "/app".to_owned()
            } else {
                format!("/app/{}", site.root)
            });
        }
        Some(format!("A Django site, `{package}`"))
    }

    fn site<'s>(&'s self, manage: &'s Module) -> Option<Site<'s>> {
        let root = manage.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let named = settings_of(&manage.text)?;
        let first = named.split('.').next()?;
        let wsgi = |module: &&Module| module.path.starts_with(root) && module.path.ends_with("/wsgi.py");
        let wsgi = self.modules.iter().filter(wsgi).min_by_key(|module| !module.path.contains(first));
        let served = wsgi.and_then(|module| settings_of(&module.text));
        let folder = wsgi.and_then(|module| module.path.rsplit_once('/')).map(|(folder, _)| folder);
        let package = match folder.and_then(|folder| folder.get(root.len()..)) {
            Some(folder) => folder.trim_matches('/').replace('/', "."),
            None => first.to_owned(),
        };
        let settings = served.unwrap_or_else(|| named.clone());
        let base = if root.is_empty() { String::new() } else { format!("{root}/") };
        let file = format!("{base}{}", settings.replace('.', "/"));
        // The parts of split settings are in one folder.
        let beside = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let split = beside.ends_with("settings");
        let texts = self.modules.iter().filter(|module| {
            module.path == format!("{file}.py")
                || module.path == format!("{file}/__init__.py")
                || (split && module.path == format!("{beside}/base.py"))
                || (split && module.path == format!("{beside}/common.py"))
        });
        let text = texts.map(|module| module.text.as_str()).collect::<Vec<_>>().join("\n");
        Some(Site { root, package, apart: settings != named, settings, text })
    }
}

/// Adds a stage that collects static files, if the settings contain their destination.
fn static_files(manage: &str, site: &Site<'_>, draft: &mut Draft) {
    let Some(folder) = static_root(&site.text) else { return };
    // If the settings list their apps, the app with the command must be in the list.
    if site.text.contains("INSTALLED_APPS") && !site.text.contains("django.contrib.staticfiles") {
        return;
    }
    let folder = if site.root.is_empty() { folder } else { format!("{}/{folder}", site.root) };
    let mut env = draft.needed.clone();
    if site.apart {
        env.insert("DJANGO_SETTINGS_MODULE".to_owned(), site.settings.clone());
    }
    let about = if env.is_empty() {
        "Django's static files.".to_owned()
    } else {
        "Django's static files. The settings ask for variables: these values are for this stage alone."
            .to_owned()
    };
    draft.stages.push(Stage {
        name: "static".to_owned(),
        about,
        from: "builder".to_owned(),
        include: vec![".".to_owned()],
        env,
        run: vec![format!("python {manage} collectstatic --noinput")],
        ..Stage::default()
    });
    let path = format!("/app/{folder}");
    draft.production.copy.push(Copy { from: Some("static".to_owned()), path, to: folder, ..Copy::default() });
}

/// The default settings in a module.
fn settings_of(text: &str) -> Option<String> {
    let at = text.split_once("DJANGO_SETTINGS_MODULE")?.1.lines().next()?;
    let word = at.split(['"', '\'']).find(|word| {
        word.contains('.') && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    })?;
    Some(word.to_owned())
}

/// The folder of `STATIC_ROOT`, if it is a folder of the project.
fn static_root(text: &str) -> Option<String> {
    let line = text.lines().find(|line| {
        line.strip_prefix("STATIC_ROOT").is_some_and(|rest| rest.trim_start().starts_with('='))
    })?;
    let value = line.split_once('=')?.1;
    let inside = ["BASE_DIR", "ROOT_DIR", "PROJECT_ROOT"].iter().any(|name| value.contains(name));
    let folder = value.split(['"', '\'']).nth(1)?.trim_matches('/');
    let plain = !folder.is_empty() && folder.chars().all(|c| c.is_ascii_alphanumeric() || "_-/".contains(c));
    // Only a single word is accepted, because a longer expression may mean another folder.
    (inside && plain && value.matches(['"', '\'']).count() == 2).then(|| folder.to_owned())
}

/// The variables without which the settings cannot be loaded.
fn required(text: &str) -> BTreeSet<String> {
    // Variables with a type and a default in the scheme are not required.
    let scheme = text.split_once("Env(").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap_or(rest));
    let mut names = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for start in
            ["os.environ[", "environ[", "config(", "env(", "env.str(", "env.db(", "env.bool(", "env.int("]
        {
            for (at, _) in line.match_indices(start) {
                let before = line.get(..at).and_then(|before| before.chars().next_back());
                let rest = line.get(at + start.len()..).unwrap_or_default();
                let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
                let mut parts = rest.splitn(3, quote);
                let (Some(name), Some(after)) = (parts.nth(1), parts.next()) else { continue };
                let is_word = before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
                let closed =
                    after.starts_with([')', ']']) || (after.starts_with(',') && !after.contains("default"));
                let known = scheme.contains(&format!("{name}=("));
                if !is_word && closed && !known && !name.is_empty() {
                    names.insert(name.to_owned());
                }
            }
        }
    }
    names
}

/// A value with which settings can be loaded, but nothing else works.
fn stand_in(name: &str) -> &'static str {
    let name = name.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["DATABASE_URL", "DB_URL"]) {
        "sqlite:///:memory:"
    } else if has(&["DEBUG", "PORT", "TIMEOUT", "USE_", "ENABLE"]) {
        "0"
    } else if has(&["HOST"]) {
        "localhost"
    } else {
        "for this stage alone"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_static_files_is_read_where_it_is_plain() {
        let of = |value: &str| static_root(&format!("STATIC_URL = \"/s/\"\nSTATIC_ROOT = {value}\n"));
        assert_eq!(of("BASE_DIR / \"staticfiles\"").as_deref(), Some("staticfiles"));
        assert_eq!(of("os.path.join(BASE_DIR, 'static/out/')").as_deref(), Some("static/out"));
        assert_eq!(of("str(ROOT_DIR / 'staticfiles')").as_deref(), Some("staticfiles"));
        assert_eq!(of("os.environ.get(\"STATIC_ROOT\", BASE_DIR / \"x\")"), None);
        assert_eq!(of("\"/var/www/static\""), None);
    }

    #[test]
    fn variables_without_a_default_are_those_that_settings_need() {
        let text = "import environ\nenv = environ.Env(DEBUG=(bool, False))\n\n\
                    SECRET_KEY = env(\"SECRET_KEY\")\nDEBUG = env('DEBUG')\n\
                    A = os.environ[\"A\"]\nB = os.environ.get(\"B\")\nC = env(\"C\", default=1)\n\
                    D = config('D', cast=bool)\nE = config('E', default='x')\n# F = os.environ['F']\n";
        assert_eq!(required(text).into_iter().collect::<Vec<_>>(), ["A", "D", "SECRET_KEY"]);
    }
}
