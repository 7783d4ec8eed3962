// SMART Backend Services on loopback: an authorization server (oidc-provider) and a gate that lets only its tokens
// through to the chart.
//
// The rules are those of the SMART App Launch guide, "Client Authentication: Asymmetric" and "Backend Services":
// assertions RS384 or ES384 with kid and typ, iss = sub = client id, aud = token endpoint, at most five minutes ahead,
// each jti once; tokens carry system/Type.cruds scopes. oidc-provider settles the rest.
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import http from 'node:http';
import Provider, { errors } from 'oidc-provider';

const LETTERS = ['c', 'r', 'u', 'd', 's', 'rs', 'crs', 'crus', 'cruds'];
const RESOURCES = ['Patient', 'QuestionnaireResponse', 'Observation', 'AllergyIntolerance', 'MedicationStatement', 'Consent', 'DocumentReference', '*'];
const SCOPES = RESOURCES.flatMap((type) => LETTERS.map((letters) => `system/${type}.${letters}`));

function listen(server) {
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(`http://127.0.0.1:${server.address().port}`)));
}

async function startAuthorization({ clientId, jwks, audience, tokenSeconds }) {
  const server = http.createServer();
  const issuer = await listen(server);
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const scope = SCOPES.join(' ');
  const provider = new Provider(issuer, {
    clients: [{
      client_id: clientId, token_endpoint_auth_method: 'private_key_jwt', grant_types: ['client_credentials'],
      redirect_uris: [], response_types: [], scope, jwks,
    }],
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['RS384', 'ES384'] },
    assertJwtClientAuthClaimsAndHeader(_context, claims, header) {
      const rules = [
        [claims.iss === claims.sub, 'iss and sub must both be the client id'],
        [claims.aud === `${issuer}/token`, 'aud must be the token endpoint'],
        [claims.exp <= Date.now() / 1000 + 305, 'exp is more than five minutes ahead'],
        [Boolean(header.kid), 'kid is missing'],
        [header.typ === 'JWT', 'typ must be JWT'],
      ];
      for (const [holds, rule] of rules) if (!holds) throw new errors.InvalidClientAuth(rule);
    },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: 'authorization-server' }] },
    scopes: SCOPES,
    ttl: { ClientCredentials: tokenSeconds },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope, audience, accessTokenTTL: tokenSeconds, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
      },
    },
  });
  server.on('request', provider.callback());
  return issuer;
}

// The scope a request needs, as [type, letter].
function needed(method, path) {
  const [type, rest] = path.split('?')[0].split('/');
  const searching = rest === '_search' || (method === 'GET' && !rest);
  return [type, searching ? 's' : { GET: 'r', POST: 'c', PUT: 'u', PATCH: 'u', DELETE: 'd' }[method]];
}
function covers(scopes, [type, letter]) {
  return scopes.some((scope) => {
    const [, granted, letters] = /^system\/(\w+|\*)\.([cruds]+)$/.exec(scope) ?? [];
    return (granted === '*' || granted === type) && letters.includes(letter);
  });
}

export async function startSmart({ chart, clientId, jwks, tokenSeconds = 300 }) {
  const server = http.createServer();
  const base = `${await listen(server)}/fhir`;
  const issuer = await startAuthorization({ clientId, jwks, audience: base, tokenSeconds });
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const configuration = {
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    scopes_supported: ['system/*.cruds'],
    capabilities: ['client-confidential-asymmetric', 'permission-v2'],
  };

  async function refusal(request, path) {
    if (path === 'metadata') return null;
    try {
      const [scheme, token] = (request.headers.authorization ?? '').split(' ');
      if (!/^bearer$/i.test(scheme)) return [401, 'no bearer token'];
      const { payload } = await jwtVerify(token, keys, { issuer, audience: base });
      const need = needed(request.method, path);
      return covers((payload.scope ?? '').split(' '), need) ? null : [403, `scope missing: system/${need.join('.')}`];
    } catch (error) {
      return [401, error.message];
    }
  }

  server.on('request', async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const path = request.url.replace(/^\/fhir\/?/, '');
    const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (path === '.well-known/smart-configuration') return answer(200, configuration);
    const refused = await refusal(request, path);
    if (refused) {
      const issue = [{ severity: 'error', code: refused[0] === 401 ? 'login' : 'forbidden', diagnostics: refused[1] }];
      return answer(refused[0], { resourceType: 'OperationOutcome', issue });
    }
    const { hostname, port } = new URL(chart);
    const onward = http.request({ hostname, port, path: request.url, method: request.method, headers: request.headers }, (reply) => {
      response.writeHead(reply.statusCode, reply.headers);
      reply.pipe(response);
    });
    return onward.on('error', () => answer(502, {})).end(Buffer.concat(chunks));
  });
  return { base, issuer };
}
