import './styles/theme.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/table.css';
import { mount } from 'svelte';
import App from './App.svelte';

const target = document.getElementById('page');
if (target === null) throw new Error('index.html has no element with the id "page"');
mount(App, { target });
