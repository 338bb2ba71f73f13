//! The image config: the config of the base, changed by the stage.
//!
//! The base's JSON is kept unchanged, with its unknown keys. Only the fields that the stage sets are changed.
//! The rules of inheritance are those of docker/dockerfile.

use std::collections::BTreeMap;

use buildkit_llb::Platform;
use serde_json::{Map, Value, json};

use crate::epoch::rfc3339;
use crate::plan::{ImagePlan, VENV};
use crate::spec::{BASES_PATH, Command, HealthCheck, ImagePath};

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Variables for uv in images in which people work: uv runs commands in this environment, and does not change
/// it.
pub const WORKING: [(&str, &str); 2] = [("UV_PROJECT_ENVIRONMENT", VENV), ("UV_NO_SYNC", "1")];

/// An image config under construction.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageConfig {
    json: Map<String, Value>,
    /// The settings of containers: `config` in the file.
    run: Map<String, Value>,
    history: Vec<Value>,
}

impl ImageConfig {
    /// The config of an image without a base.
    pub fn scratch(platform: &Platform) -> Self {
        let mut config = Self { json: Map::new(), run: Map::new(), history: Vec::new() };
        config.set_platform(platform);
        config.set_env("PATH", DEFAULT_PATH);
        config.run.insert("WorkingDir".to_owned(), json!("/"));
        config.json.insert("rootfs".to_owned(), json!({ "type": "layers", "diff_ids": [] }));
        config
    }

    /// The config of an image with the base `base`. `explicit` is the platform that the build asked for, if
    /// any.
    pub fn inherit(base: &Value, explicit: Option<&Platform>, platform: &Platform) -> Self {
        let Some(json) = base.as_object() else {
            return Self::scratch(platform);
        };
        let mut config = Self { json: json.clone(), run: Map::new(), history: Vec::new() };
        config.json.remove("created");
        if let Some(Value::Object(run)) = config.json.remove("config") {
            config.run = run;
        }
        if let Some(Value::Array(history)) = config.json.remove("history") {
            config.history = history;
        }
        if let Some(platform) = explicit {
            config.set_platform(platform);
        }
        let os = config.json.get("os").and_then(Value::as_str).unwrap_or_default();
        let windows = os == "windows";
        for (key, value) in [("os", &platform.os), ("architecture", &platform.architecture)] {
            config.json.entry(key).or_insert_with(|| json!(value));
        }
        if config.get_env("PATH").is_none() && !windows {
            config.set_env("PATH", DEFAULT_PATH);
        }
        // Triggers are for Dockerfiles that use the base image. They must not be inherited further.
        config.run.remove("OnBuild");
        config
    }

    fn set_platform(&mut self, platform: &Platform) {
        self.json.insert("os".to_owned(), json!(platform.os));
        self.json.insert("architecture".to_owned(), json!(platform.architecture));
        if platform.variant.is_empty() {
            self.json.remove("variant");
        } else {
            self.json.insert("variant".to_owned(), json!(platform.variant));
        }
    }

    /// The environment variables, in order.
    pub fn env(&self) -> Vec<(String, String)> {
        let list = self.run.get("Env").and_then(Value::as_array);
        let entries = list.into_iter().flatten().filter_map(Value::as_str);
        entries
            .map(|entry| entry.split_once('=').unwrap_or((entry, "")))
            .map(|(k, v)| (k.into(), v.into()))
            .collect()
    }

    /// The folders of `PATH` in which the tool looks for Python. `None` if they are the usual folders, which
    /// the tool knows. The environment's own folder and folders that are not plain paths are left out.
    pub(super) fn search_path(&self) -> Option<String> {
        const USUAL: [&str; 6] =
            ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
        let path = self.get_env("PATH")?;
        let is_plain = |folder: &str| {
            let odd = |c: char| c.is_control() || matches!(c, '"' | '\'' | '\\' | '$' | '`');
            folder.strip_prefix('/').is_some_and(|rest| {
                !rest.contains(odd) && rest.split('/').all(|part| !matches!(part, "" | "." | ".."))
            })
        };
        let bin = format!("{VENV}/bin");
        let folders = path.split(':').map(|folder| folder.trim_end_matches('/'));
        let folders: Vec<&str> = folders.filter(|folder| is_plain(folder) && *folder != bin).collect();
        let is_usual = folders.iter().all(|folder| USUAL.contains(folder));
        (!is_usual).then(|| folders.join(":"))
    }

    fn get_env(&self, key: &str) -> Option<String> {
        self.env().into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    fn set_env(&mut self, key: &str, value: &str) {
        self.set_all([(key, value)]);
    }

    /// Sets variables. An existing variable keeps its position.
    fn set_all<'v>(&mut self, variables: impl IntoIterator<Item = (&'v str, &'v str)>) {
        let mut env = self.env();
        // Of several entries with the same name, the first one counts.
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (at, (name, _)) in env.iter().enumerate() {
            places.entry(name.clone()).or_insert(at);
        }
        for (key, value) in variables {
            if let Some(entry) = places.get(key).and_then(|at| env.get_mut(*at)) {
                value.clone_into(&mut entry.1);
            } else {
                places.insert(key.to_owned(), env.len());
                env.push((key.to_owned(), value.to_owned()));
            }
        }
        let list: Vec<_> = env.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.run.insert("Env".to_owned(), json!(list));
    }

    /// The value of `PATH` with the base's path inserted. If folders are added to the base's path, the
    /// programs of the environment stay first.
    pub(super) fn path(&self, value: &str) -> String {
        if !value.contains(BASES_PATH) {
            return value.to_owned();
        }
        let before = self.get_env("PATH").unwrap_or_else(|| DEFAULT_PATH.to_owned());
        let bin = format!("{VENV}/bin");
        let whole = value.replace(BASES_PATH, &before);
        if before.split(':').next() != Some(&bin) {
            return whole;
        }
        let others = whole.split(':').filter(|folder| *folder != bin);
        std::iter::once(bin.as_str()).chain(others).collect::<Vec<_>>().join(":")
    }

    /// Puts the virtual environment first on the `PATH`.
    pub fn activate_venv(&mut self) {
        let path = self.get_env("PATH").unwrap_or_else(|| DEFAULT_PATH.to_owned());
        let bin = format!("{VENV}/bin");
        if path.split(':').next() != Some(&bin) {
            self.set_env("PATH", &format!("{bin}:{path}"));
        }
        self.set_env("VIRTUAL_ENV", VENV);
        if self.get_env("PYTHONUNBUFFERED").is_none() {
            self.set_env("PYTHONUNBUFFERED", "1");
        }
    }

    /// Sets the variables that conda's own activation sets besides `PATH`.
    pub(super) fn activate_conda(&mut self) {
        let env = self.env().into_iter().filter(|(name, _)| name != "VIRTUAL_ENV");
        let list: Vec<_> = env.map(|(name, value)| format!("{name}={value}")).collect();
        self.run.insert("Env".to_owned(), json!(list));
        self.set_env("CONDA_PREFIX", VENV);
    }

    /// Applies the image settings of a stage.
    pub fn apply(&mut self, image: &ImagePlan) {
        if image.has_venv {
            self.activate_venv();
            if image.is_conda {
                self.activate_conda();
            }
        }
        if image.for_work {
            // `uv run` in such a stage uses the existing environment and does not make another one.
            for (key, value) in WORKING {
                if self.get_env(key).is_none() {
                    self.set_env(key, value);
                }
            }
        }
        if !image.env.is_empty() {
            let path = image.env.get("PATH").map(|value| self.path(value));
            let value = |key: &str, value: &'_ str| match &path {
                Some(path) if key == "PATH" => path.clone(),
                _ => value.to_owned(),
            };
            let all: Vec<_> = image.env.iter().map(|(key, own)| (key.as_str(), value(key, own))).collect();
            self.set_all(all.iter().map(|(key, value)| (*key, value.as_str())));
        }
        let section = &mut self.run;
        if let Some(entrypoint) = &image.entrypoint {
            section.insert("Entrypoint".to_owned(), json!(entrypoint));
            // The base's arguments are for the base's entrypoint.
            section.remove("Cmd");
        }
        if let Some(command) = &image.command {
            section.insert("Cmd".to_owned(), json!(command));
            section.insert("ArgsEscaped".to_owned(), json!(true));
        }
        if let Some(user) = &image.user {
            section.insert("User".to_owned(), json!(user));
        }
        if let Some(workdir) = &image.workdir {
            section.insert("WorkingDir".to_owned(), json!(workdir.as_str()));
        }
        if let Some(signal) = &image.stop_signal {
            section.insert("StopSignal".to_owned(), json!(signal));
        }
        if let Some(check) = &image.healthcheck {
            section.insert("Healthcheck".to_owned(), health(check));
        }
        add_keys(section, "ExposedPorts", image.expose.iter().map(String::as_str), &json!({}));
        add_keys(section, "Volumes", image.volumes.iter().map(ImagePath::as_str), &json!({}));
        for (key, value) in &image.labels {
            add_keys(section, "Labels", [key.as_str()], &json!(value));
        }
    }

    /// Labels from the command line. They take precedence over the labels of the file.
    pub fn label(&mut self, key: &str, value: &str) {
        add_keys(&mut self.run, "Labels", [key], &json!(value));
    }

    /// Adds the history entry of a layer. Each op that adds files to the image has one entry.
    pub fn layer(&mut self, created_by: impl Into<String>) {
        self.history.push(json!({ "created_by": created_by.into(), "comment": "pybuild" }));
    }

    /// Completes the config: the history, with times only if the build has one.
    pub fn finish(&mut self, epoch: Option<i64>) {
        let created = epoch.and_then(rfc3339);
        if let Some(created) = &created {
            for entry in &mut self.history {
                if let Some(entry) = entry.as_object_mut().filter(|entry| !entry.contains_key("created")) {
                    entry.insert("created".to_owned(), json!(created));
                }
            }
            self.json.insert("created".to_owned(), json!(created));
        }
    }

    /// The config as bytes for the exporter.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_json().to_string().into_bytes()
    }

    /// The config as JSON.
    pub fn to_json(&self) -> Value {
        let mut json = self.json.clone();
        json.insert("config".to_owned(), Value::Object(self.run.clone()));
        json.insert("history".to_owned(), Value::Array(self.history.clone()));
        Value::Object(json)
    }
}

fn add_keys<'k>(
    section: &mut Map<String, Value>,
    name: &str,
    keys: impl IntoIterator<Item = &'k str>,
    value: &Value,
) {
    for key in keys {
        let table = section.entry(name).or_insert_with(|| json!({}));
        if !table.is_object() {
            *table = json!({});
        }
        if let Some(table) = table.as_object_mut() {
            table.insert(key.to_owned(), value.clone());
        }
    }
}

fn health(check: &HealthCheck) -> Value {
    let mut out = Map::new();
    let test = match &check.command {
        None => json!(["NONE"]),
        Some(Command::Shell(line)) => json!(["CMD-SHELL", line]),
        Some(Command::Arguments(arguments)) => {
            let whole: Vec<&str> =
                std::iter::once("CMD").chain(arguments.iter().map(String::as_str)).collect();
            json!(whole)
        }
    };
    out.insert("Test".to_owned(), test);
    let times = [
        ("Interval", check.interval),
        ("Timeout", check.timeout),
        ("StartPeriod", check.start_period),
        ("StartInterval", check.start_interval),
    ];
    for (key, time) in times {
        if let Some(time) = time {
            out.insert(key.to_owned(), json!(time.0));
        }
    }
    if let Some(retries) = check.retries {
        out.insert("Retries".to_owned(), json!(retries));
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_of_the_base_survive_and_its_command_gives_way_to_an_entrypoint() {
        let base = json!({
            "architecture": "amd64", "os": "linux", "created": "2020-01-01T00:00:00Z", "x-vendor": { "a": 1 },
            "config": { "Env": ["LANG=C.UTF-8"], "Cmd": ["python3"], "OnBuild": ["RUN x"], "Future": true },
            "history": [{ "created_by": "base" }], "rootfs": { "type": "layers", "diff_ids": ["sha256:00"] }
        });
        let platform = Platform::new("linux", "amd64");
        let mut config = ImageConfig::inherit(&base, None, &platform);
        config.apply(&ImagePlan {
            has_venv: true,
            entrypoint: Some(vec!["/serve".into()]),
            ..ImagePlan::default()
        });
        config.layer("app");
        config.finish(None);
        let json = config.to_json();
        assert_eq!(json["x-vendor"]["a"], 1);
        assert_eq!(json["config"]["Future"], true);
        assert_eq!(json["config"].get("Cmd"), None);
        assert_eq!(json["config"].get("OnBuild"), None);
        assert_eq!(json.get("created"), None);
        let env = json["config"]["Env"].as_array().unwrap();
        assert_eq!(env[0], "LANG=C.UTF-8");
        assert_eq!(env[1], format!("PATH=/venv/bin:{DEFAULT_PATH}"));
        assert_eq!(json["history"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn folders_are_added_to_the_path_behind_the_environments_own() {
        let base = json!({ "config": { "Env": ["PATH=/usr/bin:/bin", "UV_NO_SYNC=0"] } });
        let of = |has_venv: bool, path: &str| {
            let mut config = ImageConfig::inherit(&base, None, &Platform::new("linux", "amd64"));
            let env = BTreeMap::from([("PATH".to_owned(), path.to_owned())]);
            config.apply(&ImagePlan { has_venv, for_work: has_venv, env, ..ImagePlan::default() });
            (config.get_env("PATH").unwrap(), config.get_env("UV_NO_SYNC").unwrap(), config)
        };
        assert_eq!(of(true, "/opt/bin:${PATH}:/last").0, "/venv/bin:/opt/bin:/usr/bin:/bin:/last");
        assert_eq!(of(false, "/opt/bin:${PATH}").0, "/opt/bin:/usr/bin:/bin");
        // A whole list in the build file also decides the position of the environment's folder.
        assert_eq!(of(true, "/opt/bin:/venv/bin").0, "/opt/bin:/venv/bin");
        let (_, sync, config) = of(true, "${PATH}");
        assert_eq!(sync, "0");
        assert_eq!(config.get_env("UV_PROJECT_ENVIRONMENT").as_deref(), Some("/venv"));
        // A step's own variable extends the value of the stage.
        assert_eq!(config.path("/step/bin:${PATH}"), "/venv/bin:/step/bin:/usr/bin:/bin");
    }

    #[test]
    fn only_a_path_with_other_folders_than_the_usual_ones_is_searched() {
        let of = |path: &str| {
            let base = json!({ "config": { "Env": [format!("PATH={path}")] } });
            ImageConfig::inherit(&base, None, &Platform::new("linux", "amd64")).search_path()
        };
        assert_eq!(of(DEFAULT_PATH), None);
        assert_eq!(of("/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), None);
        let lambda = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin";
        assert_eq!(of(lambda).as_deref(), Some("/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin"));
        assert_eq!(of("/venv/bin:/a/../b:/x$y:rel::/bin"), None);
    }

    #[test]
    fn times_are_written_only_where_the_build_has_one() {
        let mut config = ImageConfig::scratch(&Platform::new("linux", "arm64"));
        config.layer("app");
        config.finish(Some(1_709_210_096));
        let json = config.to_json();
        assert_eq!(json["created"], "2024-02-29T12:34:56Z");
        assert_eq!(json["history"][0]["created"], "2024-02-29T12:34:56Z");
    }
}
