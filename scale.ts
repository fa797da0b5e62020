import * as fs from "node:fs";
import { SwiftDouble } from "./test/support/swiftDouble";
import { Site, until } from "./test/publisher/site";
const flat = process.argv[2] === "flat"; const N = Number(process.argv[3] ?? 100000);
(async()=>{
  const store = await new SwiftDouble().start();
  const name=(i:number)=> flat ? `one/f${String(i).padStart(6,"0")}.html` : `d${String(i%100).padStart(2,"0")}/f${String(i).padStart(6,"0")}.html`;
  for(let i=0;i<N;i++) store.put("course", name(i), `content ${i} ${"x".repeat(20)}`);
  const site = new Site(store.credentials,{pollSeconds:0.5});
  const t0=performance.now(); site.start();
  await until(()=>site.courseStatus(), s=>s.files===N, 300000);
  console.log("first", Math.round(performance.now()-t0), (await site.courseStatus()).lastPublication?.durationMs);
  const pid=(site as any).process.pid; const mem=()=>fs.readFileSync(`/proc/${pid}/status`,"utf8").match(/Vm(HWM|RSS):.*/g)?.join(" ");
  const cpu=()=>{const f=fs.readFileSync(`/proc/${pid}/stat`,"utf8").split(" ");return (Number(f[13])+Number(f[14]))*10};
  console.log(mem());
  for(let r=0;r<4;r++){
    await new Promise(r=>setTimeout(r,1000));
    const c0=cpu(); const i=1234*(r+1)%N; const n=name(i); const t=performance.now();
    store.put("course", n, `CONTENT ${i} ${"y".repeat(20)}`);
    await until(()=>fs.readFileSync(`${site.webRoot}/course/${n}`,"utf8"), s=>s.startsWith("CONTENT"), 60000);
    const ms=Math.round(performance.now()-t); await new Promise(r=>setTimeout(r,300));
    console.log("change", ms, (await site.courseStatus()).lastPublication?.durationMs, "cpu", cpu()-c0, mem());
  }
  await new Promise(r=>setTimeout(r,1000));
  {const c0=cpu(); await new Promise(r=>setTimeout(r,10000)); console.log("idle cpu ms in 10 s", cpu()-c0, mem());}
  await site.remove(); await store.stop(); process.exit(0);
})();
