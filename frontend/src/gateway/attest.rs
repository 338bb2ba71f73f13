//! SBOM attestations: what the client asks for, and the states that are solved for them in addition to the
//! image.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::{Platform, State};

use crate::emit::{DOCUMENT, Image, Inputs, Scanned, Scanner, bill_of_materials, scan};
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::calls::Reference;
use crate::gateway::errors::FrontendFailure;
use crate::gateway::images::resolve_image;
use crate::gateway::options::{Options, SbomOptions, ScanFor};
use crate::gateway::result::SbomAttestation;
use crate::plan::Plan;

/// Makes the SBOMs of one build.
pub(super) struct Bills<'a> {
    options: &'a Options,
    scanner: Option<Scanner>,
}

/// An SBOM before it is solved.
pub(super) enum Bill {
    /// The document that this frontend writes.
    Document(State),
    /// The output of a scanner.
    Statements(State),
}

impl Bill {
    pub(super) fn state(&self) -> &State {
        match self {
            Self::Document(state) | Self::Statements(state) => state,
        }
    }

    pub(super) fn attestation(&self, reference: Reference) -> SbomAttestation {
        match self {
            Self::Document(_) => SbomAttestation::Document { reference, path: DOCUMENT.to_owned() },
            Self::Statements(_) => SbomAttestation::Statements { reference },
        }
    }
}

impl<'a> Bills<'a> {
    /// The SBOMs that `options` ask for. `None` if the client asks for none, or the engine does not take
    /// attestations.
    ///
    /// # Errors
    /// If a scanner is needed and the client names none, or if the named scanner image does not exist.
    pub(super) fn new(
        bridge: &Bridge,
        options: &'a Options,
        build_platform: &Platform,
        file: &BuildFile,
    ) -> Result<Option<Self>, FrontendFailure> {
        let Some(asked) = &options.sbom else { return Ok(None) };
        let Some(generator) = &asked.generator else {
            refuse_scans(options)?;
            return Ok(supported(bridge).then_some(Self { options, scanner: None }));
        };
        let image = resolve_image(bridge, options, generator, build_platform, file)?;
        let parameters = asked.parameters.clone();
        let scanner = Scanner { image, name: generator.to_string(), parameters };
        Ok(supported(bridge).then_some(Self { options, scanner: Some(scanner) }))
    }

    /// The SBOMs of one platform's image.
    ///
    /// # Errors
    /// If the config of the scanner's image has no command to run.
    pub(super) fn of(
        &self,
        plan: &Plan,
        inputs: &Inputs,
        image: &Image,
    ) -> Result<Vec<Bill>, FrontendFailure> {
        let own = bill_of_materials(plan, inputs, image).map_err(|error| FrontendFailure::of(&error))?;
        let mut bills = vec![Bill::Document(own)];
        if let Some(scanner) = &self.scanner {
            let mut extras: BTreeMap<String, State> = image.scanned.clone();
            let uses_context = plan.context_paths().is_none_or(|paths| !paths.is_empty());
            if uses_context && self.options.sbom_scan_context.covers(&plan.target) {
                extras.insert("context".to_owned(), inputs.context.clone());
            }
            let made = scan(scanner, inputs, &image.state, &extras);
            bills.push(Bill::Statements(made.map_err(|error| FrontendFailure::of(&error))?));
        }
        Ok(bills)
    }
}

/// Whether the engine takes attestations from frontends.
fn supported(bridge: &Bridge) -> bool {
    bridge.frontend_caps().supports("reference.attestations")
}

/// Refuses scans of the context and of other stages. Only a scanner can make them, and the client names none.
fn refuse_scans(options: &Options) -> Result<(), FrontendFailure> {
    let scans = [
        ("BUILDKIT_SBOM_SCAN_CONTEXT", &options.sbom_scan_context),
        ("BUILDKIT_SBOM_SCAN_STAGE", &options.sbom_scan_stage),
    ];
    match scans.into_iter().find(|(_, scan)| **scan != ScanFor::Nothing) {
        None => Ok(()),
        Some((name, _)) => {
            let text = format!(
                "build arg `{name}` needs a scanner, and none is named\n  help: pass `--sbom=generator=IMAGE`"
            );
            Err(FrontendFailure::new(text, &[]))
        }
    }
}

/// The stages that a scanner examines in addition to the image.
///
/// # Errors
/// If the client names a stage that the file does not have.
pub(super) fn scanned(options: &Options, known: &[String]) -> Result<Scanned, FrontendFailure> {
    if !matches!(&options.sbom, Some(SbomOptions { generator: Some(_), .. })) {
        return Ok(Scanned::Nothing);
    }
    let names = |scan: &ScanFor| match scan {
        ScanFor::Stages(names) => names.clone(),
        ScanFor::Nothing | ScanFor::All => Vec::new(),
    };
    let asked = [
        ("BUILDKIT_SBOM_SCAN_CONTEXT", names(&options.sbom_scan_context)),
        ("BUILDKIT_SBOM_SCAN_STAGE", names(&options.sbom_scan_stage)),
    ];
    for (argument, names) in asked {
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            let text = format!(
                "build arg `{argument}` names the stage `{unknown}`, which there is not; accepted: `true`, `false` or \
                 stages: {}",
                known.join(", ")
            );
            return Err(FrontendFailure::new(text, &[]));
        }
    }
    Ok(match &options.sbom_scan_stage {
        ScanFor::Nothing => Scanned::Nothing,
        ScanFor::All => Scanned::All,
        ScanFor::Stages(names) => Scanned::Only(names.iter().cloned().collect::<BTreeSet<_>>()),
    })
}
