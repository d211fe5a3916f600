//! The JSON Schema that is shipped is that of the types.

use std::fs;
use std::path::Path;

use schemars::generate::SchemaSettings;

use super::Report;

#[test]
fn the_shipped_schema_is_that_of_the_types() {
    let mut schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Report>();
    schema.insert("title".to_owned(), "Report of wd-diagnose".into());
    let generated = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/report.v1.json");
    if std::env::var_os("WD_UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &generated).unwrap();
    }
    let shipped = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        shipped == generated,
        "docs/schema/report.v1.json is stale: WD_UPDATE_GOLDEN=1 cargo test schema writes it anew; read the \
         difference, and raise SCHEMA_VERSION where old programs could not read new reports"
    );
}
