import { afterAll, expect, test } from 'vitest';
import { openJudges } from './judges.ts';

const opened = openJudges();
afterAll(() => opened.close());

const GET = 'GET /g HTTP/1.1\r\nHost: a\r\n\r\n';

for (const { name, requests, response } of opened.judges) {
  test(`${name} reads requests one after the other`, async () => {
    const { messages, tail } = await requests(`${GET}POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: \xe4\r\n\r\n${GET}`);
    expect(messages.map(({ method, target, body, trailers, complete }) => [method, target, body, trailers, complete])).toEqual([
      ['GET', '/g', '', [], true], ['POST', '/p', 'abc', [['x', '\xe4']], true], ['GET', '/g', '', [], true],
    ]);
    expect(tail).toBe('none');
  });

  test(`${name} keeps what it read before something that it refuses`, async () => {
    const { messages, tail, error } = await requests(`${GET}\0rubbish\r\n\r\n`);
    expect(messages).toMatchObject([{ target: '/g', complete: true }]);
    expect(tail).toBe('error');
    expect(error).not.toBe('');
  });

  test(`${name} tells a body that is not whole`, async () => {
    const { messages, tail } = await requests('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc');
    expect(messages).toMatchObject([{ complete: false }]);
    expect(tail).toBe('incomplete');
  });

  test(`${name} reads responses by what they answer`, async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';
    expect(await response(`${head}ok`, 'GET')).toMatchObject({ messages: [{ status: 200, body: 'ok', complete: true }] });
    expect(await response(head, 'HEAD')).toMatchObject({ messages: [{ status: 200, body: '', complete: true }] });
    expect(await response(head, 'GET')).toMatchObject({ messages: [{ complete: false }], tail: 'incomplete' });
    expect(await response(`HTTP/1.1 103 Early\r\n\r\n${head}ok`, 'GET')).toMatchObject({ messages: [{ status: 103 }, { status: 200, body: 'ok' }] });
    expect(await response('HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw', 'UPGRADE')).toMatchObject({ messages: [{ status: 101 }], tail: 'tunnel' });
  });
}
