// A FHIR R4 server to file into: Medplum's router and in-memory repository, on loopback.
// What Medplum leaves out is added: it refuses what the validator refuses (422), refuses references to resources that
// are not there, answers ETag and Location, and says in /metadata what it can do.
import { getSearchParameters, getStatus, notFound, OperationOutcomeError } from '@medplum/core';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { check, errorsOf, references } from './validator.mjs';

const TYPES = [
  'Patient', 'QuestionnaireResponse', 'Observation', 'AllergyIntolerance', 'MedicationStatement', 'Consent',
  'DocumentReference', 'Questionnaire', 'Condition', 'Coverage', 'RelatedPerson', 'Provenance', 'Task',
];
const BODY_TYPES = /^application\/(fhir\+json|json|x-www-form-urlencoded)\b/;

const outcome = (code, issues) => ({
  resourceType: 'OperationOutcome',
  issue: issues.map(({ severity, path, message }) => ({ severity, code, details: { text: message }, ...(path && { expression: [path] }) })),
});
const refused = (status, code, issues) => Object.assign(new OperationOutcomeError(outcome(code, issues)), { status });
const fault = (message, path) => ({ severity: 'error', message, path });

class Chart extends MemoryRepository {
  async createResource(resource) {
    const errors = errorsOf(resource);
    if (errors.length) throw refused(422, 'invalid', errors);
    const lost = references(resource).filter(({ target }) => /^[A-Z]/.test(target) && !this.holds(target));
    if (lost.length) throw refused(422, 'not-found', lost.map(({ target, path }) => fault(`${target} does not exist`, path)));
    const meta = { ...resource.meta, versionId: randomUUID(), lastUpdated: new Date().toISOString() };
    return super.createResource({ ...resource, meta });
  }

  async updateResource(resource, options) {
    const held = this.resources.get(resource.resourceType)?.get(resource.id);
    if (options?.ifMatch && options.ifMatch !== held?.meta.versionId) throw refused(412, 'conflict', [fault('the version is not the current one')]);
    return this.createResource(resource);
  }

  holds(reference) {
    const [type, id] = reference.split('/');
    return this.resources.get(type)?.has(id);
  }
}

function capabilities(base) {
  const interaction = ['create', 'read', 'update', 'search-type', 'vread'].map((code) => ({ code }));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date().toISOString(),
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    software: { name: 'Medplum fhir-router', version: '4.5.2' },
    implementation: { description: 'loopback test peer', url: base },
    rest: [{
      mode: 'server',
      resource: TYPES.map((type) => ({
        type,
        interaction,
        versioning: 'versioned',
        conditionalCreate: true,
        updateCreate: true,
        searchParam: Object.values(getSearchParameters(type) ?? {}).map((p) => ({ name: p.code, type: p.type })),
      })),
    }],
  };
}

async function answerOf(chart, router, base, request, text) {
  const path = request.url.replace(/^\/fhir\/?/, '');
  if (path === 'metadata') return [200, capabilities(base)];
  if (!TYPES.includes(/^[A-Za-z]+/.exec(path)?.[0])) return [404, outcome('not-supported', [fault('this peer does not hold that type')])];
  const contentType = request.headers['content-type'] ?? '';
  if (text && !BODY_TYPES.test(contentType)) return [415, outcome('not-supported', [fault('send application/fhir+json')])];
  let body;
  try {
    if (text) body = contentType.includes('urlencoded') ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text);
  } catch {
    return [400, outcome('structure', [fault('the body is no JSON')])];
  }
  const route = router.find(request.method, path);
  if (!route) return [404, notFound];
  try {
    const call = { method: request.method, url: path, pathname: '', params: route.params, query: route.query ?? {}, headers: request.headers, body, config: {} };
    const [result, resource] = await route.handler(call, chart, router);
    return [getStatus(result), resource ?? result];
  } catch (error) {
    if (!error.outcome) throw error;
    return [error.status ?? getStatus(error.outcome), error.outcome];
  }
}

export async function startChart() {
  const chart = new Chart();
  const router = new FhirRouter();
  router.add('POST', ':resourceType/$validate', async ({ body }) => [{ resourceType: 'OperationOutcome', id: 'ok', issue: [] }, outcome('invalid', check(body))]);

  let last = Promise.resolve();                     // one request at a time, so If-None-Exist cannot race itself
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const base = `http://${request.headers.host}/fhir`;
    last = last.then(async () => {
      let [status, body] = [500, outcome('exception', [fault('the peer failed')])];
      try {
        [status, body] = await answerOf(chart, router, base, request, Buffer.concat(chunks).toString());
      } catch (error) {
        console.error(error);
      }
      const headers = { 'content-type': 'application/fhir+json; fhirVersion=4.0' };
      if (body.meta?.versionId) {
        headers.etag = `W/"${body.meta.versionId}"`;
        if (request.method !== 'GET') headers.location = `${base}/${body.resourceType}/${body.id}/_history/${body.meta.versionId}`;
      }
      response.writeHead(status, headers).end(JSON.stringify(body));
    });
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { base: `http://127.0.0.1:${server.address().port}/fhir` };
}
