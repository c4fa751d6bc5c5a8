import { expect } from 'chai';
import express from 'express';
import supertest from 'supertest';
import { trackRequests } from '../../src/http/requests.js';
import { Metrics } from '../../src/metrics.js';
import { capturingLog } from '../support/log.js';

describe('the log of requests', () => {
  it('has who asked, also where the socket is gone when the response closes', async () => {
    const { log, lines } = capturingLog();
    const app = express().use(trackRequests(log, new Metrics()));
    app.get('/gone', (req, res) => {
      Object.defineProperty(req, 'socket', { value: null });
      res.end();
    });
    await supertest(app).get('/gone');
    expect(lines.join()).to.match(/"client":"[^"]*127\.0\.0\.1"/);
  });
});
