// Masks an agent's call while a payment page is open. `service` is {url, token, account, user}: the service, a token of
// the agent, the agent's account and user.

/** Resolves when the agent's call is masked, with its leg; rejects where it is not: then show no page. */
export async function mask(service) {
  const legs = await ask(service, 'GET', '/channels');
  const leg = legs.find((each) => each.owner_id === service.user && each.answered && each.other_leg);
  if (!leg) throw new Error('the agent is in no call');
  await run(service, leg.uuid, 'mask');
  return leg.uuid;
}

/** Resolves when it is recorded in clear again; a call that has ended meanwhile is no error. */
export async function unmask(service, uuid) {
  await run(service, uuid, 'unmask').catch((error) => {
    if (error.status !== 404) throw error;
  });
}

function run(service, uuid, action) {
  const data = { module: 'record_call', data: { action } };
  return ask(service, 'PUT', `/channels/${uuid}`, { action: 'metaflow', data });
}

async function ask({ url, token, account, user }, method, path, body) {
  const answer = await fetch(`${url}/v2/accounts/${account}/users/${user}${path}`, {
    method,
    headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const { data, message } = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(message), { status: answer.status });
  return data;
}
