//! How long each stage takes for 1, 100, 1,000 and 10,000 services: `cargo bench`.

use std::convert::Infallible;
use std::fmt::Write as _;

use forge::catalog::Catalog;
use forge::compare::{Found, Manifest, compare};
use forge::contract::known_rules;
use forge::project::Resolved;
use forge::render::Engine;
use forge::resolve::{KnownRule, resolve};
use forge::schema::Judge;
use forge::spec::Spec;
use forge::targets::plan;
use forge::yaml::{self, Doc};

const SIZES: [usize; 4] = [1, 100, 1_000, 10_000];

fn main() {
    divan::main();
}

/// A spec of so many services: FastAPI, Express and static files in turn, each fourth with a database, all routed.
fn text(services: usize) -> String {
    let mut spec = String::from("forge: 1\nname: big\nservices:\n");
    let mut routes = String::new();
    for index in 0..services {
        let (stack, options) =
            [("python", "framework: fastapi"), ("node", "framework: express"), ("static", "")][index % 3];
        writeln!(
            spec,
            "  svc{index}:\n    build: {{ stack: {stack}, context: ./svc{index}, options: {{ {options} }} }}"
        )
        .expect("a string grows");
        if index % 4 == 0 && stack != "static" {
            spec.push_str("    needs: [db]\n");
        }
        writeln!(routes, "    - {{ path: /s{index}/, to: svc{index} }}").expect("a string grows");
    }
    spec.push_str("backings:\n  db: { kind: postgres }\ngateway:\n  hosts: { main: { domain: big.example.com } }\n");
    spec.push_str("  tls: { mode: none }\n  routes:\n");
    spec + &routes
}

struct Prepared {
    doc: Doc,
    spec: Spec,
    catalog: Catalog,
    judge: Judge,
    rules: Vec<KnownRule>,
}

fn prepared(services: usize) -> Prepared {
    let catalog = Catalog::new(&[]).expect("the catalogue that comes with forge is whole");
    let judge = Judge::new(&catalog.choices());
    let doc = yaml::read(&text(services)).expect("the text is YAML");
    let spec = judge.read(&doc).expect("the text is a spec");
    Prepared { doc, spec, catalog, judge, rules: known_rules() }
}

fn resolved(it: &Prepared) -> Resolved {
    resolve(&it.doc, &it.spec, &it.catalog, None, &it.judge, &it.rules).expect("the spec is sound").0
}

#[divan::bench(args = SIZES)]
fn read(bencher: divan::Bencher<'_, '_>, services: usize) {
    let text = text(services);
    bencher.bench_local(|| yaml::read(&text));
}

#[divan::bench(args = SIZES)]
fn schema(bencher: divan::Bencher<'_, '_>, services: usize) {
    let it = prepared(services);
    bencher.bench_local(|| it.judge.read(&it.doc));
}

#[divan::bench(name = "resolve", args = SIZES)]
fn resolve_(bencher: divan::Bencher<'_, '_>, services: usize) {
    let it = prepared(services);
    bencher.bench_local(|| resolved(&it));
}

#[divan::bench(name = "plan", args = SIZES)]
fn plan_(bencher: divan::Bencher<'_, '_>, services: usize) {
    let it = prepared(services);
    let engine = Engine::new(&it.catalog).expect("the templates that come with forge compile");
    let resolved = resolved(&it);
    bencher.bench_local(|| plan(&resolved, &engine));
}

#[divan::bench(name = "compare", args = SIZES)]
fn compare_(bencher: divan::Bencher<'_, '_>, services: usize) {
    let it = prepared(services);
    let engine = Engine::new(&it.catalog).expect("the templates that come with forge compile");
    let wanted = plan(&resolved(&it), &engine).expect("the templates that come with forge render");
    let found = |path: &str| {
        let it = wanted.binary_search_by(|it| it.path.as_str().cmp(path)).ok().map(|index| &wanted[index]);
        Ok::<_, Infallible>(it.map(|it| Found { bytes: it.text.clone().into(), executable: Some(it.executable) }))
    };
    bencher.bench_local(|| compare(&wanted, &Manifest::default(), found, |_| None));
}
