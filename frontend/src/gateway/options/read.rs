//! Reads [`Options`] from the environment.

use std::collections::BTreeMap;

use buildkit_llb::{Network, Platform, ProxyEnv, ResolveMode};
use serde::Deserialize;

use crate::gateway::options::limits::{self, Resources};
use crate::gateway::options::values::{self, NoCache, ScanFor, SourceDateEpoch};
use crate::gateway::options::{CacheImport, OptionError, Options, SbomOptions};
use crate::lint::CheckOptions;
use crate::reference::ImageReference;

const OPTION_PREFIX: &str = "BUILDKIT_FRONTEND_OPT_";
/// Options that only the engine or the client uses.
const FOREIGN: [&str; 5] =
    ["vcs:", "attest:", "input:", "build-arg:BUILDKIT_ATTEST_", "build-arg:BUILDKIT_SYNTAX"];

impl Options {
    /// Reads the environment of a process that BuildKit started, such as `std::env::vars()`.
    ///
    /// # Errors
    /// [`OptionError`] for the first option with an invalid value, in the order of the fields of [`Options`].
    pub fn from_env(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, OptionError> {
        let mut options = BTreeMap::new();
        let mut environment = BTreeMap::new();
        for (name, value) in variables {
            if name.starts_with(OPTION_PREFIX) {
                // Keys never contain `=`, but values may.
                let (key, value) = value.split_once('=').unwrap_or((&value, ""));
                options.insert(key.to_owned(), value.to_owned());
            } else if name.starts_with("BUILDKIT_") {
                environment.insert(name, value);
            }
        }
        let mut variable = |name: &str| environment.remove(name).unwrap_or_default();
        let platform = build_platform(&variable("BUILDKIT_WORKERS"))?;
        let read = Self {
            session_id: variable("BUILDKIT_SESSION_ID"),
            product: variable("BUILDKIT_EXPORTEDPRODUCT"),
            build_platform: platform,
            raw: options.clone(),
            ..Self::default()
        };
        Reader { options }.read(read)
    }
}

#[derive(Deserialize)]
struct Worker {
    #[serde(default)]
    platforms: Option<Vec<WorkerPlatform>>,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct WorkerPlatform {
    os: String,
    architecture: String,
    variant: String,
    #[serde(rename = "os.version")]
    os_version: String,
    #[serde(rename = "os.features")]
    os_features: Vec<String>,
}

fn build_platform(workers: &str) -> Result<Option<Platform>, OptionError> {
    if workers.is_empty() {
        return Ok(None);
    }
    let workers: Option<Vec<Worker>> = serde_json::from_str(workers)
        .map_err(|_| OptionError::value("BUILDKIT_WORKERS", workers, "a JSON array of workers"))?;
    let first = workers.unwrap_or_default().into_iter().next();
    let platform = first.and_then(|worker| worker.platforms.unwrap_or_default().into_iter().next());
    Ok(platform.map(|platform| {
        let WorkerPlatform { os, architecture, variant, os_version, os_features } = platform;
        Platform { os, architecture, variant, os_version, os_features }.normalized()
    }))
}

/// The options that have not been read yet.
struct Reader {
    options: BTreeMap<String, String>,
}

impl Reader {
    fn read(mut self, defaults: Options) -> Result<Options, OptionError> {
        let platforms = self.platforms()?;
        let multi_platform = self.multi_platform(platforms.len())?;
        let context_key = self.take("contextkey").unwrap_or_else(|| "context".to_owned());
        let build_file_source = self.take("dockerfilekey");
        let options = Options {
            source: self.text("source"),
            cmdline: self.take("cmdline"),
            filename: self.take("filename").filter(|name| !name.is_empty()),
            build_file_is_local: build_file_source.is_some(),
            build_file_source: build_file_source.unwrap_or_else(|| "dockerfile".to_owned()),
            context: self.text(&context_key),
            context_subdir: self.take("contextsubdir").filter(|directory| !directory.is_empty()),
            named_contexts: self.take_prefixed("context:"),
            input_metadata: self.take_prefixed("input-metadata:"),
            local_sessions: self.take_prefixed("local-sessionid:"),
            shared_keys: self.take_prefixed("sharedkey:localdir:"),
            target: self.take("target").filter(|target| !target.is_empty()),
            platforms,
            multi_platform,
            labels: self.take_prefixed("label:"),
            no_cache: self.no_cache(),
            cache_imports: self.cache_imports()?,
            cache_mount_namespace: self.text("build-arg:BUILDKIT_CACHE_MOUNT_NS"),
            resolve_mode: self.resolve_mode()?,
            source_date_epoch: self.source_date_epoch(),
            keep_git_dir: values::parse_bool(&self.text("build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR"))
                .unwrap_or(false),
            network: self.network()?,
            extra_hosts: self.parse("add-hosts", limits::extra_hosts)?,
            shm_size: self.parse("shm-size", limits::size)?,
            ulimits: self.parse("ulimit", limits::ulimits)?,
            resources: self.resources()?,
            cgroup_parent: self.text("cgroup-parent"),
            hostname: self.hostname(),
            proxy: self.proxy(),
            request: self.take("requestid").filter(|request| !request.is_empty()),
            required_caps: self.required_caps(),
            check: self.check()?,
            sbom: self.sbom()?,
            sbom_scan_context: ScanFor::parse(&self.text("build-arg:BUILDKIT_SBOM_SCAN_CONTEXT")),
            sbom_scan_stage: ScanFor::parse(&self.text("build-arg:BUILDKIT_SBOM_SCAN_STAGE")),
            ..defaults
        };
        for prefix in FOREIGN {
            self.take_prefixed(prefix);
        }
        Ok(Options { build_args: self.take_prefixed("build-arg:"), unknown: self.options, ..options })
    }

    fn take(&mut self, key: &str) -> Option<String> {
        self.options.remove(key)
    }

    fn text(&mut self, key: &str) -> String {
        self.take(key).unwrap_or_default()
    }

    fn take_prefixed(&mut self, prefix: &str) -> BTreeMap<String, String> {
        let mut taken = BTreeMap::new();
        self.options.retain(|key, value| match key.strip_prefix(prefix) {
            Some(rest) => {
                taken.insert(rest.to_owned(), std::mem::take(value));
                false
            }
            None => true,
        });
        taken
    }

    fn parse<T>(
        &mut self,
        key: &str,
        parser: impl FnOnce(&str, &str) -> Result<T, OptionError>,
    ) -> Result<T, OptionError> {
        let text = self.text(key);
        parser(key, &text)
    }

    fn platforms(&mut self) -> Result<Vec<Platform>, OptionError> {
        let value = self.text("platform");
        if value.is_empty() {
            return Ok(Vec::new());
        }
        value
            .split(',')
            .map(|text| Platform::parse(text).map(|platform| platform.normalized()))
            .collect::<Result<_, _>>()
            .map_err(|source| OptionError::Platform { value, source })
    }

    fn multi_platform(&mut self, count: usize) -> Result<bool, OptionError> {
        let option = self.text("multi-platform");
        let argument = self.text("build-arg:BUILDKIT_MULTI_PLATFORM");
        let (key, value) = if argument.is_empty() {
            ("multi-platform", option)
        } else {
            ("build-arg:BUILDKIT_MULTI_PLATFORM", argument)
        };
        if value.is_empty() {
            return Ok(count > 1);
        }
        match values::parse_bool(&value) {
            Some(false) if count > 1 => Err(OptionError::NotMultiPlatform { count }),
            Some(multi) => Ok(multi),
            None => Err(OptionError::value(key, &value, "`true` or `false`")),
        }
    }

    fn no_cache(&mut self) -> NoCache {
        match self.take("no-cache").as_deref() {
            None => NoCache::Off,
            Some("") => NoCache::All,
            Some(stages) => NoCache::Stages(stages.split(',').map(str::to_owned).collect()),
        }
    }

    fn cache_imports(&mut self) -> Result<Vec<CacheImport>, OptionError> {
        /// Go writes these names with capitals. Go's decoder ignores the case.
        #[derive(Deserialize)]
        struct Entry {
            #[serde(rename = "Type", alias = "type", default)]
            kind: String,
            #[serde(rename = "Attrs", alias = "attrs", default)]
            attributes: Option<BTreeMap<String, String>>,
        }
        let imports = self.text("cache-imports");
        let entries: Option<Vec<Entry>> = if imports.is_empty() {
            None
        } else {
            serde_json::from_str(&imports).map_err(|_| {
                OptionError::value(
                    "cache-imports",
                    &imports,
                    "a JSON array of objects with `Type` and `Attrs`",
                )
            })?
        };
        let entries = entries.unwrap_or_default().into_iter();
        let mut all: Vec<_> = entries
            .map(|entry| CacheImport { kind: entry.kind, attributes: entry.attributes.unwrap_or_default() })
            .collect();
        let registries = self.text("cache-from");
        for registry in registries.split(',').filter(|registry| !registry.is_empty()) {
            let import = CacheImport {
                kind: "registry".to_owned(),
                attributes: [("ref".to_owned(), registry.to_owned())].into(),
            };
            if !all.contains(&import) {
                all.push(import);
            }
        }
        Ok(all)
    }

    fn resolve_mode(&mut self) -> Result<ResolveMode, OptionError> {
        self.parse("image-resolve-mode", |key, text| match text {
            "" | "default" => Ok(ResolveMode::Default),
            "pull" => Ok(ResolveMode::ForcePull),
            "local" => Ok(ResolveMode::PreferLocal),
            _ => Err(OptionError::value(key, text, "`default`, `pull` or `local`")),
        })
    }

    fn network(&mut self) -> Result<Network, OptionError> {
        self.parse("force-network-mode", |key, text| match text {
            "" | "sandbox" => Ok(Network::Sandbox),
            "none" => Ok(Network::None),
            "host" => Ok(Network::Host),
            _ => Err(OptionError::value(key, text, "`sandbox`, `none` or `host`")),
        })
    }

    fn source_date_epoch(&mut self) -> Option<SourceDateEpoch> {
        // The option also stays a build argument, because steps may ask for it.
        let text = self.options.get("build-arg:SOURCE_DATE_EPOCH").filter(|text| !text.is_empty())?;
        Some(text.parse().map_or_else(|_| SourceDateEpoch::Of(text.clone()), SourceDateEpoch::Seconds))
    }

    fn resources(&mut self) -> Result<Resources, OptionError> {
        Ok(Resources {
            memory: self.parse("memory", limits::positive)?,
            memory_swap: self.parse("memswap", limits::positive_or_unlimited)?,
            cpu_shares: self.parse("cpushares", limits::positive)?,
            cpu_period: self.parse("cpuperiod", limits::positive)?,
            cpu_quota: self.parse("cpuquota", limits::positive)?,
            cpuset_cpus: self.parse("cpusetcpus", limits::cpuset)?,
            cpuset_mems: self.parse("cpusetmems", limits::cpuset)?,
        })
    }

    fn hostname(&mut self) -> String {
        let option = self.text("hostname");
        let argument = self.text("build-arg:BUILDKIT_SANDBOX_HOSTNAME");
        if argument.is_empty() { option } else { argument }
    }

    /// Options are read in the order of their keys, so a lower-case argument wins over an upper-case one.
    fn proxy(&self) -> ProxyEnv {
        let mut proxy = ProxyEnv::default();
        for (key, value) in &self.options {
            let Some(name) = key.strip_prefix("build-arg:") else {
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "http_proxy" => proxy.http.clone_from(value),
                "https_proxy" => proxy.https.clone_from(value),
                "ftp_proxy" => proxy.ftp.clone_from(value),
                "no_proxy" => proxy.no.clone_from(value),
                "all_proxy" => proxy.all.clone_from(value),
                _ => {}
            }
        }
        proxy
    }

    fn required_caps(&mut self) -> Vec<String> {
        let caps = self.text("frontend.caps");
        let plain = caps.split(',').map(|cap| cap.split_once('+').map_or(cap, |(cap, _)| cap).trim());
        plain.filter(|cap| !cap.is_empty()).map(str::to_owned).collect()
    }

    fn check(&mut self) -> Result<Option<CheckOptions>, OptionError> {
        const KEY: &str = "build-arg:BUILDKIT_DOCKERFILE_CHECK";
        let read = |text: String| {
            CheckOptions::parse(&text).map_err(|error| OptionError::value(KEY, &text, error.to_string()))
        };
        self.take(KEY).map(read).transpose()
    }

    fn sbom(&mut self) -> Result<Option<SbomOptions>, OptionError> {
        const KEY: &str = "attest:sbom";
        let argument = self.take("build-arg:BUILDKIT_ATTEST_SBOM");
        let Some(text) = self.take(KEY).or(argument) else {
            return Ok(None);
        };
        let fields = values::csv_fields(&text)
            .ok_or_else(|| OptionError::value(KEY, &text, "`name=value`, several separated by commas"))?;
        let mut parameters: BTreeMap<_, _> = fields
            .iter()
            .filter(|field| !field.is_empty())
            .map(|field| field.split_once('=').unwrap_or((field, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        // The `type` belongs to `--attest` and is not a parameter of the scanner.
        parameters.remove("type");
        let generator = parameters.remove("generator").map(|generator| {
            let parsed = ImageReference::parse(&generator);
            let parsed = parsed.map_err(|source| OptionError::Image { key: KEY.to_owned(), source });
            Ok(parsed?.with_default_tag())
        });
        Ok(Some(SbomOptions { generator: generator.transpose()?, parameters }))
    }
}
