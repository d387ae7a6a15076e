//! The words of `dpkg-deb --field`: one field to a line.

use crate::host::ControlData;

pub(super) fn parse(fields: &str) -> Option<ControlData> {
    let field = |name: &str| {
        let mut values = fields.lines().filter_map(|line| line.split_once(": "));
        values.find(|(field, _)| *field == name).map(|(_, value)| value.trim().to_owned())
    };
    Some(ControlData {
        name: field("Package")?,
        version: field("Version")?,
        architecture: field("Architecture")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_names_itself_in_any_order_and_not_in_part() {
        let found = parse("Version: 1.105.1-1\nPackage: amazon-ecs-init\nArchitecture: amd64\n");
        let (name, version, architecture) = ("amazon-ecs-init".into(), "1.105.1-1".into(), "amd64".into());
        assert_eq!(found, Some(ControlData { name, version, architecture }));
        assert_eq!(parse("Package: amazon-ecs-init\nArchitecture: amd64\n"), None);
    }
}
